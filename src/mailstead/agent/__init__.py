"""What carries mail away from here: clients that stand behind the ports of ``service``."""
