package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// verify checks the signature of a digest.
func (c claim) verify(key crypto.PublicKey, sum []byte) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return c.verifyRSA(key, sum)
	case *ecdsa.PublicKey:
		return c.verifyECDSA(key, sum)
	}
	return fail(Unsupported, "the signer has a key of type %T: RSA and ECDSA are supported", key)
}

func (c claim) verifyRSA(key *rsa.PublicKey, sum []byte) (err error) {
	hash := c.digest.hash
	switch oid := c.algorithm.Algorithm; {
	case oid.Equal(oidRSA), oid.Equal(c.digest.rsa):
		err = rsa.VerifyPKCS1v15(key, hash, sum, c.signature)
	case oid.Equal(oidPSS):
		salt, failed := saltOf(c.algorithm, hash)
		if failed != nil {
			return failed
		}
		err = rsa.VerifyPSS(key, hash, sum, c.signature, &rsa.PSSOptions{SaltLength: salt, Hash: hash})
	default:
		return c.unsupported("RSA")
	}
	if err != nil {
		return fail(BadSignature, "the signature does not hold: %w", err)
	}
	return nil
}

func (c claim) verifyECDSA(key *ecdsa.PublicKey, sum []byte) error {
	switch oid := c.algorithm.Algorithm; {
	case !oid.Equal(oidEC) && !oid.Equal(c.digest.ecdsa):
		return c.unsupported("ECDSA")
	case !ecdsa.VerifyASN1(key, sum, c.signature):
		return fail(BadSignature, "the signature does not hold: ECDSA verification error")
	}
	return nil
}

func (c claim) unsupported(kind string) error {
	return fail(Unsupported, "signature algorithm %v with %v and a key for %s is not supported", c.algorithm.Algorithm, c.digest.hash, kind)
}

// pssParameters are RSASSA-PSS-params (RFC 4055, section 3.1). What is absent is
// SHA-1 and a salt of 20 octets.
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
	Mask    pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
	Salt    int                      `asn1:"optional,explicit,tag:2,default:20"`
	Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
}

// saltOf returns the length of the salt of PSS. The hashes must be the one that
// the content was digested with (RFC 4056, section 3).
func saltOf(algorithm pkix.AlgorithmIdentifier, want crypto.Hash) (int, error) {
	var parameters pssParameters
	if err := unmarshal(algorithm.Parameters.FullBytes, &parameters); err != nil {
		return 0, err
	}
	hash, err := hashOrSHA1(parameters.Hash)
	if err != nil {
		return 0, err
	}
	mask, err := maskHash(parameters.Mask)
	switch {
	case err != nil:
		return 0, err
	case hash != want || mask != want || parameters.Salt < 0:
		return 0, fail(Unsupported, "RSA-PSS with %v, mask by %v and a salt of %d octets is not supported for a digest by %v", hash, mask, parameters.Salt, want)
	case parameters.Salt == 0:
		return rsa.PSSSaltLengthAuto, nil // 0 means that to crypto/rsa
	}
	return parameters.Salt, nil
}

// hashAndMask are the algorithms in parameters of PSS and OAEP.
func hashAndMask(d digest) (hash, mask pkix.AlgorithmIdentifier, err error) {
	hash = pkix.AlgorithmIdentifier{Algorithm: d.oid, Parameters: asn1.NullRawValue}
	der, err := asn1.Marshal(hash)
	return hash, pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: der}}, err
}

// pssAlgorithm is PSS as the suites sign.
func pssAlgorithm(d digest) (pkix.AlgorithmIdentifier, error) {
	hash, mask, err := hashAndMask(d)
	if err != nil {
		return pkix.AlgorithmIdentifier{}, err
	}
	der, err := asn1.Marshal(pssParameters{hash, mask, d.hash.Size(), 1})
	return pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.RawValue{FullBytes: der}}, err
}

// oaepAlgorithm is OAEP as the suites encrypt keys.
func oaepAlgorithm(d digest) (pkix.AlgorithmIdentifier, error) {
	hash, mask, err := hashAndMask(d)
	if err != nil {
		return pkix.AlgorithmIdentifier{}, err
	}
	der, err := asn1.Marshal(oaepParameters{Hash: hash, Mask: mask})
	return pkix.AlgorithmIdentifier{Algorithm: oidOAEP, Parameters: asn1.RawValue{FullBytes: der}}, err
}
