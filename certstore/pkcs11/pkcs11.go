package pkcs11

import "github.com/ediport/ediport/certstore"

func init() { certstore.Register(certstore.StorePKCS11, open) }

// open is the driver: it finds the token and returns what it holds.
func open(s certstore.Source) (certstore.Contents, error) {
	where, err := parseStore(s.Store)
	if err != nil {
		return certstore.Contents{}, err
	}
	return where.open(s.Password)
}
