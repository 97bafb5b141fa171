// Package keypair opens certificates of the example programs.
package keypair

import (
	"fmt"
	"os"
	"slices"

	"github.com/ediport/ediport/certstore"
)

// Load reads a certificate, its chain if there is one, and its private key from
// two PEM files.
func Load(certFile, keyFile string) (*certstore.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	c, err := certstore.OpenBytes(certstore.StorePEMKeyBlob, slices.Concat(cert, []byte("\n"), key), "", "")
	if err != nil {
		return nil, err
	}
	if c.X509() == nil || !c.PrivateKeyAvailable() {
		return nil, fmt.Errorf("%s and %s: the key does not belong to the certificate", certFile, keyFile)
	}
	return c, nil
}
