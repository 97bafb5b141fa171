package pbe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
)

// prfs are the HMACs of PBKDF2 (RFC 8018, appendix B.1.2).
var prfs = map[string]func() hash.Hash{
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// encryptions are the ciphers of PBES2 in CBC mode, with their key sizes
// (RFC 8018, appendix B.2).
var encryptions = map[string]struct {
	keySize int
	create  func(key []byte) (cipher.Block, error)
}{
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
}

// oidPBKDF2 is the only key derivation that is read; scrypt (RFC 7914) is not.
var oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}

// pbkdf2Params is RFC 8018, appendix A.2, with the salt in the parameters; no
// program takes it from elsewhere.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// pbes2 is the scheme of RFC 8018, section 6.2: the password's octets are UTF-8.
func pbes2(d *Decrypter, parameters []byte, password string) ([]blockCipher, error) {
	var params struct{ KDF, Encryption pkix.AlgorithmIdentifier }
	if err := unmarshal(parameters, &params); err != nil {
		return nil, fmt.Errorf("PBES2 parameters: %w", err)
	}
	encryption, ok := encryptions[params.Encryption.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("PBES2 cipher %v is not supported", params.Encryption.Algorithm)
	}
	kdf, err := parsePBKDF2(params.KDF)
	if err != nil {
		return nil, err
	}
	if kdf.KeyLength != 0 && kdf.KeyLength != encryption.keySize {
		return nil, fmt.Errorf("PBKDF2 key length %d: the cipher wants %d", kdf.KeyLength, encryption.keySize)
	}
	key, err := d.pbkdf2(kdf, password, encryption.keySize)
	if err != nil {
		return nil, err
	}
	block, err := encryption.create(key)
	if err != nil {
		return nil, err
	}
	var iv []byte
	if err := unmarshal(params.Encryption.Parameters.FullBytes, &iv); err != nil {
		return nil, fmt.Errorf("PBES2 initialization vector: %w", err)
	}
	if len(iv) != block.BlockSize() {
		return nil, fmt.Errorf("PBES2 initialization vector of %d octets: the cipher wants %d", len(iv), block.BlockSize())
	}
	return []blockCipher{{block, iv}}, nil
}

// parsePBKDF2 reads the parameters of a key derivation that must be PBKDF2.
func parsePBKDF2(algorithm pkix.AlgorithmIdentifier) (pbkdf2Params, error) {
	var params pbkdf2Params
	if !algorithm.Algorithm.Equal(oidPBKDF2) {
		return params, fmt.Errorf("key derivation %v is not supported, only PBKDF2 is", algorithm.Algorithm)
	}
	if err := unmarshal(algorithm.Parameters.FullBytes, &params); err != nil {
		return params, fmt.Errorf("PBKDF2 parameters: %w", err)
	}
	return params, nil
}

// pbkdf2 derives a key (RFC 8018, section 5.2). A missing PRF means HMAC-SHA-1.
func (d *Decrypter) pbkdf2(params pbkdf2Params, password string, size int) ([]byte, error) {
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
	if err := d.spend(params.Iterations); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf, password, params.Salt, params.Iterations, size)
}
