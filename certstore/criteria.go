package certstore

import (
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/ediport/ediport/internal/trap"
)

// criteria are what the wanted certificate must meet; the zero value is met by all.
type criteria struct {
	subject    string
	thumbprint string // lower-case hex
	encoded    *x509.Certificate
}

const thumbprintPrefix = "thumbprint="

// criteria reads Subject, Configuration and Encoded.
func (s Source) criteria() (criteria, error) {
	wanted := criteria{subject: strings.TrimSpace(s.Subject)}
	if cut, ok := cutPrefixFold(wanted.subject, thumbprintPrefix); ok {
		hex, err := normaliseThumbprint(cut)
		if err != nil {
			return criteria{}, err
		}
		wanted.subject, wanted.thumbprint = "", hex
	}
	if err := wanted.configure(s.Configuration); err != nil {
		return criteria{}, err
	}
	if len(s.Encoded) > 0 {
		cert, err := x509.ParseCertificate(derOf(s.Encoded))
		if err != nil {
			return criteria{}, trap.New(trap.CodeInvalidArgument, "Encoded is not a certificate: %w", err)
		}
		wanted.encoded = cert
	}
	return wanted, nil
}

// configure reads the lines of Configuration.
func (c *criteria) configure(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(value))
		switch {
		case name == "thumbprint":
			hex, err := normaliseThumbprint(value)
			if err != nil {
				return err
			}
			c.thumbprint = hex
		case name == "persistpfxkey" && value == "false":
		case name == "useinternalsecurityapi" && value == "true":
		case name == "persistpfxkey":
			return trap.New(trap.CodeInvalidArgument, "PersistPFXKey can only be False: no key is copied to a key container")
		case name == "useinternalsecurityapi":
			return trap.New(trap.CodeInvalidArgument, "UseInternalSecurityAPI can only be True: Go's own cryptography is the only provider")
		default:
			return trap.New(trap.CodeInvalidArgument, "unknown certificate configuration %q: Thumbprint, PersistPFXKey and UseInternalSecurityAPI exist", name)
		}
	}
	return nil
}

// derOf returns the DER of one encoded certificate.
func derOf(encoded []byte) []byte {
	data := unwrap(encoded)
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return data
}

// normaliseThumbprint accepts hex with colons or spaces in it.
func normaliseThumbprint(text string) (string, error) {
	hex := strings.NewReplacer(":", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(text)))
	switch len(hex) {
	case 32, 40, 64:
		if strings.Trim(hex, "0123456789abcdef") == "" {
			return hex, nil
		}
	}
	return "", trap.New(trap.CodeInvalidArgument, "thumbprint %q: want the MD5, SHA-1 or SHA-256 hash as 32, 40 or 64 hex digits", text)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
