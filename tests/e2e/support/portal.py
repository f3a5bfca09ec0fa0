"""A daemon with the API, and anybody who calls it."""

from .api import Client, Server
from .daemon import Daemon, wait_for_status


class Portal(Client):
    """Owns the daemon. Calls without credentials; login() and bearer() make callers that have some."""

    def __init__(self, *shops, api="", tls=None, **options):
        self.shops = shops
        if tls is not None:
            api += f'\ntls_certificate = "{tls.certificate}"\ntls_key = "{tls.key}"'
        # A test that is about attempts says how many.
        if "login_attempts" not in api:
            api += "\nlogin_attempts = 1000"
        self.api = api
        self.daemon = Daemon(*shops, api=api, **options)
        super().__init__(Server(self.daemon.port, ca=tls and tls.ca))

    @property
    def shop(self):
        return self.shops[0]

    def reconfigure(self, api):
        """Other settings in the table [api], and a reload."""
        self.daemon.configure(api)
        self.daemon.reload()

    def grant(self, role, access, duration="1 hour", **options):
        """Asked and approved by SQL, granted by the daemon that runs."""
        request = self.shop.ask(role, access, duration, **options)
        self.shop.approve(request)
        wait_for_status(self.shop, request, "active")
        return request

    def close(self):
        self.daemon.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
