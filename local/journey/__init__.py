"""The whole product on one machine: simulated CRM and chat app, the real template, the real dances."""
