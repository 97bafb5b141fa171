package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

var errNoCertificate = errors.New("it has no certificate in PEM, DER, base64 or P7B")

type parser = func([]byte) ([]*x509.Certificate, error)

// decode reads the certificates of a file, at least one.
func decode(raw []byte, parse parser) (certs []*x509.Certificate, err error) {
	switch text := bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\uFEFF"))); {
	case bytes.Contains(raw, []byte(pemBegin)):
		certs, err = decodePEM(text, parse)
	case isBase64(text):
		certs, err = decodeBase64(text, parse)
	default:
		certs, err = decodeDER(raw, parse)
	}
	if err == nil && len(certs) == 0 {
		err = errNoCertificate
	}
	return certs, err
}

// decodePEM reads the blocks that have certificates. Text that begins a block
// and does not end it is an error, for a certificate may be missing there.
func decodePEM(text []byte, parse parser) (all []*x509.Certificate, err error) {
	for len(all) <= maxCerts {
		block, rest := pem.Decode(text)
		skipped := text[:len(text)-len(rest)]
		if block == nil {
			skipped = text
		}
		if begins := bytes.Count(skipped, []byte(pemBegin)); block == nil && begins > 0 || begins > 1 {
			return nil, errors.New("it has a broken PEM block")
		}
		if block == nil {
			break
		}
		text = rest
		certs, err := decodeBlock(block, parse)
		if err != nil {
			return nil, err
		}
		all = append(all, certs...)
	}
	return all, nil
}

func decodeBlock(block *pem.Block, parse parser) ([]*x509.Certificate, error) {
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{cert}, nil
	case "PKCS7", "CMS":
		return foreign(block.Bytes, parse)
	}
	return nil, nil
}

// isBase64 reports whether a text looks like base64 of DER, whose first octet
// is 0x30.
func isBase64(text []byte) bool { return len(text) > 0 && text[0] == 'M' }

func decodeBase64(text []byte, parse parser) ([]*x509.Certificate, error) {
	blank := func(c byte) bool { return c == ' ' || c == '\t' } // the ends of lines are skipped anyway
	der, err := base64.StdEncoding.AppendDecode(nil, slices.DeleteFunc(bytes.Clone(text), blank))
	if err != nil {
		return foreign(text, parse)
	}
	return decodeDER(der, parse)
}

// decodeDER reads one certificate, or several without anything between them.
func decodeDER(der []byte, parse parser) ([]*x509.Certificate, error) {
	if certs, err := x509.ParseCertificates(der); err == nil {
		return certs, nil
	}
	return foreign(der, parse)
}

// foreign has the caller's function read what is not known here.
func foreign(raw []byte, parse parser) ([]*x509.Certificate, error) {
	if parse == nil {
		return nil, errNoCertificate
	}
	certs, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCertificate, err)
	}
	return certs, nil
}
