package cms

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	_ "crypto/sha1" // the digests of the table
	_ "crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// Algorithms of keys and of masks.
var (
	oidRSA      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1} // RFC 3370, sections 3.2 and 4.2.1
	oidOAEP     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidLabel    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 9} // pSpecified
	oidPSS      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEC       = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidZlib     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 3, 8} // RFC 3274, section 2
	rsaWithNull = pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}
)

// digest is a row of the table of digests: the names of the hash alone, in an
// RSA signature of PKCS #1 v1.5, and in an ECDSA signature.
type digest struct {
	hash            crypto.Hash
	oid, rsa, ecdsa asn1.ObjectIdentifier
}

// digests are those of RFC 3370 and RFC 5754, and SHA-3 (RFC 8702, section 2).
var digests = []digest{
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, pkcs1(5), asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}},
	{crypto.SHA224, nist(2, 4), pkcs1(14), ecdsaSHA2(1)},
	{crypto.SHA256, nist(2, 1), pkcs1(11), ecdsaSHA2(2)},
	{crypto.SHA384, nist(2, 2), pkcs1(12), ecdsaSHA2(3)},
	{crypto.SHA512, nist(2, 3), pkcs1(13), ecdsaSHA2(4)},
	{crypto.SHA3_256, nist(2, 8), nist(3, 14), nist(3, 10)},
	{crypto.SHA3_384, nist(2, 9), nist(3, 15), nist(3, 11)},
	{crypto.SHA3_512, nist(2, 10), nist(3, 16), nist(3, 12)},
}

// nist is an algorithm of NIST: kind 1 is AES, 2 are hashes, 3 are signatures.
func nist(kind, number int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, kind, number}
}

func pkcs1(number int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, number}
}

func ecdsaSHA2(number int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, number}
}

// digestOf finds the row of a hash.
func digestOf(hash crypto.Hash) (digest, bool) {
	return findDigest(func(d digest) bool { return d.hash == hash })
}

// digestNamed finds the row of a digest algorithm.
func digestNamed(oid asn1.ObjectIdentifier) (digest, bool) {
	return findDigest(func(d digest) bool { return d.oid.Equal(oid) })
}

func findDigest(match func(digest) bool) (digest, bool) {
	for _, d := range digests {
		if match(d) {
			return d, true
		}
	}
	return digest{}, false
}

// A Cipher encrypts content, in CBC mode.
type Cipher int

// The ciphers. Suites write TripleDES and AES256, all are read.
const (
	TripleDES Cipher = 1 + iota
	AES128
	AES192
	AES256
)

// cipherRow is what there is to know of a cipher.
type cipherRow struct {
	name      string
	oid       asn1.ObjectIdentifier
	keySize   int // octets
	blockSize int
	create    func(key []byte) (cipher.Block, error)
}

// ciphers are those of RFC 3370, section 5.1, and RFC 3565, section 4.1.
var ciphers = map[Cipher]cipherRow{
	TripleDES: {"3DES", asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.BlockSize, des.NewTripleDESCipher},
	AES128:    {"AES-128", nist(1, 2), 16, aes.BlockSize, aes.NewCipher},
	AES192:    {"AES-192", nist(1, 22), 24, aes.BlockSize, aes.NewCipher},
	AES256:    {"AES-256", nist(1, 42), 32, aes.BlockSize, aes.NewCipher},
}

// String returns a name such as "AES-256".
func (c Cipher) String() string { return ciphers[c].name }

// cipherNamed finds the cipher of a content encryption algorithm.
func cipherNamed(oid asn1.ObjectIdentifier) (Cipher, bool) {
	for c, row := range ciphers {
		if row.oid.Equal(oid) {
			return c, true
		}
	}
	return 0, false
}
