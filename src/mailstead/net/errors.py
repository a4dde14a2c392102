"""How a connection can end against our wish. All are the peer's or the network's doing, never a defect."""


class NetError(Exception):
    """The stream is of no more use to its reader."""


class Gone(NetError):
    """The peer vanished: reset, broken pipe, failed handshake."""


class Silent(NetError):
    """Nothing came, or nothing could be sent, within the time allowed."""


class Draining(Silent):
    """This server is about to stop and the stream was idle. A driver may say so instead of speaking of a timeout."""
