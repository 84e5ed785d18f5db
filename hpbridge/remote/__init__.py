"""Workers on other machines: agents that join a running study over HTTP."""
