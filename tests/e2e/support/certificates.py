"""Certificates for the tests, made with openssl."""

import subprocess
from pathlib import Path


class Certificates:
    """An authority, and a certificate of its for localhost, in a directory."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.ca = self.directory / "ca.pem"
        self.certificate = self.directory / "server.pem"
        self.key = self.directory / "server.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.pem")
        self.renew()

    def renew(self):
        """Another certificate and key in the same files."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                      "-keyout", "server.key", "-out", "server.csr")
        (self.directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-extfile", "names", "-out", "server.pem")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)
