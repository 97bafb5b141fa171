package pbe

import (
	"crypto/aes"
	"crypto/des"
	"crypto/x509/pkix"
	"fmt"
)

// encryption is a cipher of PBES2.
type encryption struct {
	keySize int
	prepare func(key, parameters []byte) (decryption, error)
}

// encryptions are DES, Triple DES, and AES with its three key sizes in CBC
// mode (RFC 8018, appendix B.2); AES in CCM mode (RFC 5084); AES key wrap with
// padding (RFC 5649).
var encryptions = map[string]encryption{
	"1.3.14.3.2.7":            {8, cbc(des.NewCipher)},
	"1.2.840.113549.3.7":      {24, cbc(des.NewTripleDESCipher)},
	"2.16.840.1.101.3.4.1.2":  {16, cbc(aes.NewCipher)},
	"2.16.840.1.101.3.4.1.22": {24, cbc(aes.NewCipher)},
	"2.16.840.1.101.3.4.1.42": {32, cbc(aes.NewCipher)},
	"2.16.840.1.101.3.4.1.7":  {16, ccm},
	"2.16.840.1.101.3.4.1.27": {24, ccm},
	"2.16.840.1.101.3.4.1.47": {32, ccm},
	"2.16.840.1.101.3.4.1.8":  {16, keyWrap},
	"2.16.840.1.101.3.4.1.28": {24, keyWrap},
	"2.16.840.1.101.3.4.1.48": {32, keyWrap},
}

// pbes2 is the scheme of RFC 8018, section 6.2.
func pbes2(d *Decrypter, parameters []byte, password string) ([]decryption, error) {
	var params struct{ KDF, Encryption pkix.AlgorithmIdentifier }
	if err := unmarshal(parameters, &params); err != nil {
		return nil, fmt.Errorf("PBES2 parameters: %w", err)
	}
	encryption, ok := encryptions[params.Encryption.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("PBES2 cipher %v is not supported", params.Encryption.Algorithm)
	}
	kdf, err := parseKDF(params.KDF)
	if err != nil {
		return nil, err
	}
	if kdf.keyLength != 0 && kdf.keyLength != encryption.keySize {
		return nil, fmt.Errorf("%s key length %d: the cipher wants %d", kdf.name, kdf.keyLength, encryption.keySize)
	}
	key, err := kdf.derive(d, password, encryption.keySize)
	if err != nil {
		return nil, err
	}
	decrypt, err := encryption.prepare(key, params.Encryption.Parameters.FullBytes)
	return []decryption{decrypt}, err
}
