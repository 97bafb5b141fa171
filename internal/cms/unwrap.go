package cms

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// unwrap decrypts a content key of that size. When that fails, for whatever
// reason, the key is a random one: the sender must not learn why.
func (r recipient) unwrap(key crypto.Decrypter, size int) ([]byte, error) {
	var opts crypto.DecrypterOpts
	switch {
	case r.Algorithm.Algorithm.Equal(oidRSA):
		//lint:ignore SA1019 every suite up to 07 is made of it, and the session key hides failures
		opts = &rsa.PKCS1v15DecryptOptions{SessionKeyLen: size}
	case r.Algorithm.Algorithm.Equal(oidOAEP):
		oaep, err := parseOAEP(r.Algorithm.Parameters)
		if err != nil {
			return nil, err
		}
		opts = oaep
	default:
		return nil, fail(Unsupported, "key encryption algorithm %v is not supported: RSA is", r.Algorithm.Algorithm)
	}
	random := make([]byte, size)
	rand.Read(random)
	found, err := key.Decrypt(rand.Reader, r.Key, opts)
	good := 1
	if err != nil || len(found) != size {
		good, found = 0, make([]byte, size)
	}
	subtle.ConstantTimeCopy(good, random, found)
	return random, nil
}

// oaepParameters are RSAES-OAEP-params (RFC 4055, section 4.1). What is absent
// is SHA-1, and a label of no octets.
type oaepParameters struct {
	Hash  pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
	Mask  pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
	Label pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:2"`
}

func parseOAEP(raw asn1.RawValue) (*rsa.OAEPOptions, error) {
	var parameters oaepParameters
	if err := unmarshal(raw.FullBytes, &parameters); err != nil {
		return nil, err
	}
	opts := &rsa.OAEPOptions{}
	var err error
	if opts.Hash, err = hashOrSHA1(parameters.Hash); err != nil {
		return nil, err
	}
	if opts.MGFHash, err = maskHash(parameters.Mask); err != nil {
		return nil, err
	}
	switch label := parameters.Label; {
	case label.Algorithm == nil:
		return opts, nil
	case !label.Algorithm.Equal(oidLabel):
		return nil, fail(Unsupported, "source of the OAEP label %v is not supported", label.Algorithm)
	default:
		return opts, unmarshal(label.Parameters.FullBytes, &opts.Label)
	}
}

// hashOrSHA1 is the hash of a field that may be absent.
func hashOrSHA1(algorithm pkix.AlgorithmIdentifier) (crypto.Hash, error) {
	if algorithm.Algorithm == nil {
		return crypto.SHA1, nil
	}
	d, ok := digestNamed(algorithm.Algorithm)
	if !ok {
		return 0, fail(Unsupported, "digest algorithm %v is not supported", algorithm.Algorithm)
	}
	return d.hash, nil
}

// maskHash is the hash of a mask generation function, of which there is one.
func maskHash(algorithm pkix.AlgorithmIdentifier) (crypto.Hash, error) {
	if algorithm.Algorithm == nil {
		return crypto.SHA1, nil
	}
	var hash pkix.AlgorithmIdentifier
	if !algorithm.Algorithm.Equal(oidMGF1) {
		return 0, fail(Unsupported, "mask generation function %v is not supported: MGF1 is", algorithm.Algorithm)
	}
	if err := unmarshal(algorithm.Parameters.FullBytes, &hash); err != nil {
		return 0, err
	}
	return hashOrSHA1(hash)
}
