//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/binary"
	"math/big"

	p11 "github.com/miekg/pkcs11"
)

// ckkEdwards is CKK_EC_EDWARDS of PKCS #11 3.0.
const ckkEdwards = 0x40

// keyPart says of a type of keys which attributes its public half is made of,
// and how: the result is nil when they are none.
type keyPart struct {
	public []uint
	parse  func(values [][]byte) crypto.PublicKey
}

var keyParts = map[uint]*keyPart{
	p11.CKK_RSA: {[]uint{p11.CKA_MODULUS, p11.CKA_PUBLIC_EXPONENT}, parseRSA},
	p11.CKK_EC:  {[]uint{p11.CKA_EC_PARAMS, p11.CKA_EC_POINT}, parseEC},
	ckkEdwards:  {[]uint{p11.CKA_EC_PARAMS, p11.CKA_EC_POINT}, parseEdwards},
}

// number reads a CK_ULONG, which has 4 octets on Windows and 8 elsewhere.
func number(value []byte) uint {
	switch len(value) {
	case 4:
		return uint(binary.NativeEndian.Uint32(value))
	case 8:
		return uint(binary.NativeEndian.Uint64(value))
	}
	return p11.CK_UNAVAILABLE_INFORMATION
}

func parseRSA(values [][]byte) crypto.PublicKey {
	const mostBits = 16384
	modulus, exponent := new(big.Int).SetBytes(values[0]), new(big.Int).SetBytes(values[1])
	if modulus.BitLen() < 512 || modulus.BitLen() > mostBits || exponent.BitLen() > 31 || exponent.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}

// curves by their object identifiers in DER.
var curves = map[string]elliptic.Curve{
	"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07": elliptic.P256(),
	"\x06\x05\x2b\x81\x04\x00\x22":             elliptic.P384(),
	"\x06\x05\x2b\x81\x04\x00\x23":             elliptic.P521(),
}

func parseEC(values [][]byte) crypto.PublicKey {
	curve, ok := curves[string(values[0])]
	if !ok {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point(values[1]))
	if err != nil {
		return nil
	}
	return key
}

// parseEdwards knows the curve by its number (RFC 8410) and by its name, as
// PKCS #11 3.0 has both.
func parseEdwards(values [][]byte) crypto.PublicKey {
	octets := point(values[1])
	switch string(values[0]) {
	case "\x06\x03\x2b\x65\x70", "\x13\x0cedwards25519":
		if len(octets) == ed25519.PublicKeySize {
			return ed25519.PublicKey(octets)
		}
	}
	return nil
}

// point takes the OCTET STRING off a CKA_EC_POINT; some tokens have none.
func point(value []byte) []byte {
	var octets []byte
	if rest, err := asn1.Unmarshal(value, &octets); err == nil && len(rest) == 0 {
		return octets
	}
	return value
}
