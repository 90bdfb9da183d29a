"""Upstream's two key pairs: the one that signs commands, and the one that lockers seal codes to which they make.

Needs Debian's python3-cryptography. Part of the reference of the postal side (upstream.py).
"""
import base64
import hashlib
import json
import os

KID = "upstream-1"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Keys:
    """The signing key of upstream in DIR: `upstream.key.pem` stays here, `upstream.jwks.json` goes to the lockers."""

    def __init__(self, directory, kid=KID):
        self.directory, self.kid, self.private = directory, kid, None

    @property
    def public_file(self):
        return os.path.join(self.directory, "upstream.jwks.json")

    @property
    def private_file(self):
        return os.path.join(self.directory, "upstream.key.pem")

    def load(self):
        """Reads the key, or makes one when there is none."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        if self.private:
            return self
        if os.path.exists(self.private_file):
            with open(self.private_file, "rb") as f:
                self.private = serialization.load_pem_private_key(f.read(), None)
        else:
            os.makedirs(self.directory, exist_ok=True)
            self.private = ec.generate_private_key(ec.SECP256R1())
            self._write(self.private_file, self.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
        if not os.path.exists(self.public_file):
            self._write(self.public_file, json.dumps({"keys": [self.public_jwk()]}, indent=1).encode(), 0o644)
        return self

    @staticmethod
    def _write(path, data, mode):
        part = f"{path}.{os.getpid()}.tmp"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
            f.write(data)
        os.rename(part, path)

    def public_jwk(self):
        n = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
                "x": b64url(n.x.to_bytes(32, "big")), "y": b64url(n.y.to_bytes(32, "big"))}

    def sign(self, claims, header=None):
        """A JWS in compact serialisation, ES256."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        self.load()
        head = {"alg": "ES256", "kid": self.kid, "typ": "JWT"} if header is None else header
        text = ".".join(b64url(part if isinstance(part, bytes) else json.dumps(part).encode())
                        for part in (head, claims))
        r, s = decode_dss_signature(self.private.sign(text.encode("ascii"), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class Seal:
    """Upstream's key for codes that lockers make: `seal.key.pem` stays here, `seal.jwk.json` goes to the lockers. What is
    sealed is a JWE in compact serialisation, ECDH-ES and A256GCM (RFC 7516, RFC 7518 section 4.6)."""

    def __init__(self, directory, kid="upstream-seal-1"):
        self.keys = Keys(directory, kid)
        self.directory, self.kid = directory, kid

    @property
    def public_file(self):
        return os.path.join(self.directory, "seal.jwk.json")

    @property
    def private_file(self):
        return os.path.join(self.directory, "seal.key.pem")

    def load(self):
        """Reads the key, or makes one when there is none."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        if os.path.exists(self.private_file):
            with open(self.private_file, "rb") as f:
                self.keys.private = serialization.load_pem_private_key(f.read(), None)
        else:
            os.makedirs(self.directory, exist_ok=True)
            self.keys.private = ec.generate_private_key(ec.SECP256R1())
            Keys._write(self.private_file, self.keys.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
        jwk = {**self.keys.public_jwk(), "use": "enc", "alg": "ECDH-ES"}
        Keys._write(self.public_file, json.dumps(jwk, indent=1).encode(), 0o644)
        return self

    def open(self, sealed):
        """The object that was sealed. Raises ValueError when it is none of ours or was touched."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        try:
            protected, no_key, iv, ciphertext, tag = sealed.split(".")
            header = json.loads(unb64url(protected))
            if (header["alg"], header["enc"], header["kid"], no_key) != ("ECDH-ES", "A256GCM", self.kid, ""):
                raise ValueError(f"not sealed to {self.kid} with ECDH-ES and A256GCM: {header}")
            x, y = (int.from_bytes(unb64url(header["epk"][each]), "big") for each in ("x", "y"))
            theirs = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            shared = self.keys.private.exchange(ec.ECDH(), theirs)
            name = header["enc"].encode()
            info = len(name).to_bytes(4, "big") + name + bytes(8) + (256).to_bytes(4, "big")
            key = hashlib.sha256((1).to_bytes(4, "big") + shared + info).digest()
            return json.loads(AESGCM(key).decrypt(unb64url(iv), unb64url(ciphertext) + unb64url(tag), protected.encode()))
        except (KeyError, TypeError, InvalidTag) as error:
            raise ValueError(f"cannot be opened: {error!r}") from error
