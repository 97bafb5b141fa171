package certstore_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"github.com/ediport/ediport/certstore"
)

// A vault stands for a service that signs; its keys never leave it.
type vault interface {
	Key(ctx context.Context, name, token string) (crypto.Signer, *x509.Certificate, error)
}

// A driver for keys in a place that this package does not know.
func ExampleRegister() {
	var service vault // the client of the service
	const storeVault certstore.StoreType = 1000
	certstore.Register(storeVault, func(s certstore.Source) (certstore.Contents, error) {
		key, cert, err := service.Key(context.Background(), s.Store, s.Password)
		if err != nil {
			return certstore.Contents{}, err
		}
		return certstore.Contents{Certificates: []*x509.Certificate{cert}, Keys: []crypto.Signer{key}}, nil
	})
	cert, err := certstore.Open(storeVault, "gateway", "token of the service", "*")
	fmt.Println(cert, err)
}
