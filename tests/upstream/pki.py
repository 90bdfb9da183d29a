"""Certificates for tests: authorities, servers and clients on P-256, with any date and name. Needs python3-cryptography."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA in `folder`/NAME.pem."""

    def __init__(self, folder, text="test authority", days=3650, file=None):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        builder = (x509.CertificateBuilder().subject_name(name(text)).issuer_name(name(text)).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now() - DAY).not_valid_after(now() + days * DAY)
                   .add_extension(x509.BasicConstraints(True, None), True))
        self.certificate = builder.sign(self.key, hashes.SHA256())
        self.file = self._write(file or text.replace(" ", "-") + ".pem", self.certificate)

    def _write(self, file, certificate):
        path = os.path.join(self.folder, file)
        with open(path, "wb") as f:
            f.write(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(self, file, text, hosts=(), client=False, begins_in=-1, days=90, key=None):
        """(certificate file, key file). begins_in, days: from now, in days; days may be in the past. key: a public one, of a
        request; then no key file is written."""
        private = None if key else ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        begins = now() + begins_in * DAY
        ends = now() + days * DAY
        builder = (x509.CertificateBuilder().subject_name(name(text)).issuer_name(self.certificate.subject)
                   .public_key(key or private.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(min(begins, ends - DAY)).not_valid_after(ends)
                   .add_extension(x509.ExtendedKeyUsage([usage]), False))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        path = self._write(file + ".pem", builder.sign(self.key, hashes.SHA256()))
        if key:
            return path, None
        key_path = os.path.join(self.folder, file + ".key")
        with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return path, key_path

    def sign_request(self, csr_file, file, days=90):
        """What an authority does with a site's request: name and key as asked for."""
        with open(csr_file, "rb") as f:
            csr = x509.load_pem_x509_csr(f.read())
        assert csr.is_signature_valid
        text = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        return self.issue(file, text, client=True, days=days, key=csr.public_key())[0]
