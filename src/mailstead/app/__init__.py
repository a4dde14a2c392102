"""Where the parts are joined: settings, processes, the command line."""
