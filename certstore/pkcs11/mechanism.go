//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"

	"github.com/ediport/ediport/internal/devicekey"
	p11 "github.com/miekg/pkcs11"
)

// ckmEdDSA is CKM_EDDSA of PKCS #11 3.0.
const ckmEdDSA = 0x1057

// A digest is how a hash appears in mechanisms and in signatures.
type digest struct {
	mechanism, mask uint // CKM and CKG_MGF1
	oid             asn1.ObjectIdentifier
}

var digests = map[crypto.Hash]digest{
	crypto.SHA1:   {p11.CKM_SHA_1, p11.CKG_MGF1_SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}},
	crypto.SHA224: {p11.CKM_SHA224, p11.CKG_MGF1_SHA224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}},
	crypto.SHA256: {p11.CKM_SHA256, p11.CKG_MGF1_SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}},
	crypto.SHA384: {p11.CKM_SHA384, p11.CKG_MGF1_SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}},
	crypto.SHA512: {p11.CKM_SHA512, p11.CKG_MGF1_SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}},
}

var mechanisms = map[devicekey.Scheme]uint{
	devicekey.PKCS1v15: p11.CKM_RSA_PKCS,
	devicekey.PSS:      p11.CKM_RSA_PKCS_PSS,
	devicekey.OAEP:     p11.CKM_RSA_PKCS_OAEP,
	devicekey.ECDSA:    p11.CKM_ECDSA,
	devicekey.Ed25519:  ckmEdDSA,
}

// mechanismOf is what C_SignInit and C_DecryptInit are given.
func mechanismOf(op devicekey.Operation) []*p11.Mechanism {
	var parameter any
	hash, mask := digests[op.Hash].mechanism, digests[op.MGFHash].mask
	switch op.Scheme {
	case devicekey.PSS:
		parameter = p11.NewPSSParams(hash, mask, uint(op.SaltLength))
	case devicekey.OAEP:
		parameter = p11.NewOAEPParams(hash, mask, p11.CKZ_DATA_SPECIFIED, op.Label)
	}
	return []*p11.Mechanism{p11.NewMechanism(mechanisms[op.Scheme], parameter)}
}

// inputOf is what C_Sign is given: CKM_RSA_PKCS wants the digest in a DigestInfo
// (RFC 8017, section 9.2), the others want it as it is.
func inputOf(op devicekey.Operation, octets []byte) ([]byte, error) {
	hash, ok := digests[op.Hash]
	if op.Scheme != devicekey.PKCS1v15 || !ok {
		return octets, nil
	}
	return asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: hash.oid, Parameters: asn1.NullRawValue}, octets})
}
