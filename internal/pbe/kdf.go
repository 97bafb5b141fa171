package pbe

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/x509/pkix"
	"fmt"
	"hash"
)

// kdf makes keys of passwords for PBES2 and PBMAC1.
type kdf struct {
	name      string
	keyLength int // that the parameters ask for; 0 when they do not say
	derive    func(d *Decrypter, password string, size int) ([]byte, error)
}

// kdfs are PBKDF2 (RFC 8018, section 5.2) and scrypt (RFC 7914).
var kdfs = map[string]func(parameters []byte) (kdf, error){
	"1.2.840.113549.1.5.12": parsePBKDF2,
	oidScrypt:               parseScrypt,
}

func parseKDF(algorithm pkix.AlgorithmIdentifier) (kdf, error) {
	parse, ok := kdfs[algorithm.Algorithm.String()]
	if !ok {
		return kdf{}, fmt.Errorf("key derivation %v is not supported, only PBKDF2 and scrypt are", algorithm.Algorithm)
	}
	return parse(algorithm.Parameters.FullBytes)
}

// prfs are the HMACs of PBKDF2 and PBMAC1 (RFC 8018, appendix B.1.2; NIST's
// register of algorithms for SHA-3).
var prfs = map[string]func() hash.Hash{
	"1.2.840.113549.2.7":      sha1.New,
	"1.2.840.113549.2.8":      sha256.New224,
	"1.2.840.113549.2.9":      sha256.New,
	"1.2.840.113549.2.10":     sha512.New384,
	"1.2.840.113549.2.11":     sha512.New,
	"1.2.840.113549.2.12":     sha512.New512_224,
	"1.2.840.113549.2.13":     sha512.New512_256,
	"2.16.840.1.101.3.4.2.13": func() hash.Hash { return sha3.New224() },
	"2.16.840.1.101.3.4.2.14": func() hash.Hash { return sha3.New256() },
	"2.16.840.1.101.3.4.2.15": func() hash.Hash { return sha3.New384() },
	"2.16.840.1.101.3.4.2.16": func() hash.Hash { return sha3.New512() },
}

// pbkdf2Params is RFC 8018, appendix A.2, with the salt in the parameters; no
// program takes it from elsewhere.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

func parsePBKDF2(parameters []byte) (kdf, error) {
	var params pbkdf2Params
	if err := unmarshal(parameters, &params); err != nil {
		return kdf{}, fmt.Errorf("PBKDF2 parameters: %w", err)
	}
	return kdf{"PBKDF2", params.KeyLength, params.derive}, nil
}

// derive makes a key (RFC 8018, section 5.2). A missing PRF means HMAC-SHA-1.
func (params pbkdf2Params) derive(d *Decrypter, password string, size int) ([]byte, error) {
	prf, ok := sha1.New, true
	if params.PRF.Algorithm != nil {
		prf, ok = prfs[params.PRF.Algorithm.String()]
	}
	if !ok {
		return nil, fmt.Errorf("PBKDF2 function %v is not supported", params.PRF.Algorithm)
	}
	if len(params.Salt) > maxSalt {
		return nil, fmt.Errorf("PBKDF2 salt of %d octets: the limit is %d", len(params.Salt), maxSalt)
	}
	h := prf()
	blocks := (size + h.Size() - 1) / h.Size() // each takes all the iterations
	if err := d.spend(params.Iterations, blocks*cost(h)); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf, password, params.Salt, params.Iterations, size)
}
