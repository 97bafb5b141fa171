package pbe

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
)

// MACData is the integrity check of a PKCS #12 store as encoding/asn1 reads it
// (RFC 7292, section 4).
type MACData struct {
	MAC struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

// digests are the hashes of the classic integrity check (RFC 7292, appendix B.4).
var digests = map[string]func() hash.Hash{
	"1.3.14.3.2.26":          sha1.New,
	"2.16.840.1.101.3.4.2.1": sha256.New,
	"2.16.840.1.101.3.4.2.2": sha512.New384,
	"2.16.840.1.101.3.4.2.3": sha512.New,
	"2.16.840.1.101.3.4.2.4": sha256.New224,
}

var oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}

// VerifyMAC checks content against mac. The error is [ErrPassword] when they differ.
func (d *Decrypter) VerifyMAC(mac MACData, content []byte, password string) error {
	if mac.MAC.Algorithm.Algorithm.Equal(oidPBMAC1) {
		return d.verifyPBMAC1(mac, content, password)
	}
	newHash, ok := digests[mac.MAC.Algorithm.Algorithm.String()]
	if !ok {
		return fmt.Errorf("integrity algorithm %v is not supported", mac.MAC.Algorithm.Algorithm)
	}
	for _, pw := range bmpPasswords(password) {
		key, err := d.pkcs12Key(newHash, pw, mac.Salt, mac.Iterations, purposeMAC, newHash().Size())
		if err != nil {
			return err
		}
		if matches(newHash, key, content, mac.MAC.Digest) {
			return nil
		}
	}
	return ErrPassword
}

// verifyPBMAC1 is the check of RFC 9579.
func (d *Decrypter) verifyPBMAC1(mac MACData, content []byte, password string) error {
	var params struct{ KDF, MAC pkix.AlgorithmIdentifier }
	if err := unmarshal(mac.MAC.Algorithm.Parameters.FullBytes, &params); err != nil {
		return fmt.Errorf("PBMAC1 parameters: %w", err)
	}
	return d.VerifyHMAC(params.KDF, params.MAC, mac.MAC.Digest, content, password)
}

// VerifyHMAC checks content against digest, an HMAC whose key is derived from
// the password as PBMAC1 does (RFC 8018, section 7.1). The error is
// [ErrPassword] when they differ. A short key would let anybody forge the MAC,
// so its length is held between 20 octets and the longest hash.
func (d *Decrypter) VerifyHMAC(derivation, mac pkix.AlgorithmIdentifier, digest, content []byte, password string) error {
	newHash, ok := prfs[mac.Algorithm.String()]
	if !ok {
		return fmt.Errorf("PBMAC1 function %v is not supported", mac.Algorithm)
	}
	kdf, err := parseKDF(derivation)
	if err != nil {
		return err
	}
	if kdf.keyLength < sha1.Size || kdf.keyLength > sha512.Size {
		return fmt.Errorf("PBMAC1 key length %d: it must be %d to %d", kdf.keyLength, sha1.Size, sha512.Size)
	}
	key, err := kdf.derive(d, password, kdf.keyLength)
	if err != nil {
		return err
	}
	if !matches(newHash, key, content, digest) {
		return ErrPassword
	}
	return nil
}

// matches compares an HMAC in constant time.
func matches(newHash func() hash.Hash, key, content, digest []byte) bool {
	h := hmac.New(newHash, key)
	h.Write(content)
	return hmac.Equal(h.Sum(nil), digest)
}
