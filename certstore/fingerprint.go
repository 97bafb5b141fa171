package certstore

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/ssh"
)

type hashFunc func([]byte) []byte

func md5Hash(b []byte) []byte    { h := md5.Sum(b); return h[:] }
func sha1Hash(b []byte) []byte   { h := sha1.Sum(b); return h[:] }
func sha256Hash(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

// hashes are those that a thumbprint may be made with.
var hashes = []hashFunc{md5Hash, sha1Hash, sha256Hash}

// Fingerprint returns the MD5 hash of the certificate as 16 hex pairs with
// colons. For a bare key it is the hash of the SSH form of the public key,
// which ssh-keygen -l -E md5 shows too.
func (c *Certificate) Fingerprint() string { return c.fingerprint(md5Hash) }

// FingerprintSHA1 is [Certificate.Fingerprint] with SHA-1.
func (c *Certificate) FingerprintSHA1() string { return c.fingerprint(sha1Hash) }

// FingerprintSHA256 is [Certificate.Fingerprint] with SHA-256.
func (c *Certificate) FingerprintSHA256() string { return c.fingerprint(sha256Hash) }

// ThumbprintMD5 returns the MD5 hash of the X.509 certificate in upper-case hex
// without separators; it is empty for a bare key.
func (c *Certificate) ThumbprintMD5() string { return c.thumbprint(md5Hash) }

// ThumbprintSHA1 is [Certificate.ThumbprintMD5] with SHA-1.
func (c *Certificate) ThumbprintSHA1() string { return c.thumbprint(sha1Hash) }

// ThumbprintSHA256 is [Certificate.ThumbprintMD5] with SHA-256.
func (c *Certificate) ThumbprintSHA256() string { return c.thumbprint(sha256Hash) }

func (c *Certificate) thumbprint(hash hashFunc) string {
	if c.cert == nil {
		return ""
	}
	return plainHex(hash(c.cert.Raw))
}

func (c *Certificate) fingerprint(hash hashFunc) string {
	octets := c.keyOctets()
	if c.cert != nil {
		octets = c.cert.Raw
	}
	if octets == nil {
		return ""
	}
	pairs := make([]string, 0, sha256.Size)
	for _, b := range hash(octets) {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":")
}

func plainHex(octets []byte) string { return strings.ToUpper(hex.EncodeToString(octets)) }

// keyOctets is what the fingerprint of a bare key is made from: the public key
// as SSH writes it (RFC 4253, section 6.6), or its SubjectPublicKeyInfo where
// SSH has no form.
func (c *Certificate) keyOctets() []byte {
	if c.public == nil {
		return nil
	}
	if public, err := ssh.NewPublicKey(c.public); err == nil {
		return public.Marshal()
	}
	return c.publicDER()
}
