package tlsconf

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
)

// CheckPEM reports whether text is a value for the named setting: any number
// of CERTIFICATE blocks, or "". Other blocks, such as private keys, and text in
// which a block is damaged are refused with code 10022.
func CheckPEM(setting, text string) error {
	_, err := parsePEM(setting, text)
	return err
}

func parsePEM(setting, text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := []byte(text)
	// pem.Decode skips what it cannot read, so the beginnings are counted to
	// notice a block that was cut short.
	begun := bytes.Count(rest, []byte("-----BEGIN "))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, invalid("%s: block %d is a %q; only CERTIFICATE blocks belong here", setting, len(certs)+1, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, invalid("%s: certificate %d cannot be read: %w", setting, len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) != begun || begun == 0 && len(bytes.TrimSpace([]byte(text))) > 0 {
		return nil, invalid("%s: %d of %d PEM blocks can be read; give complete BEGIN CERTIFICATE to END CERTIFICATE blocks",
			setting, len(certs), begun)
	}
	return certs, nil
}
