package pkcs11_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/ediport/ediport/certstore"
	_ "github.com/ediport/ediport/certstore/pkcs11"
)

// A server whose key stays in a token.
func Example() {
	const store = "pkcs11:token=edi?module-path=/usr/lib/softhsm/libsofthsm2.so"
	cert, err := certstore.Open(certstore.StorePKCS11, store, os.Getenv("TOKEN_PIN"), "CN=www.server.com")
	if err != nil {
		log.Fatal(err)
	}
	own, err := cert.TLSCertificate()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := tls.Listen("tcp", ":6619", &tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
}

// The error says what is the matter with a module.
func Example_missingModule() {
	_, err := certstore.Open(certstore.StorePKCS11, "/no/such/module.so", "1234", "*")
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Println("the module of the token is not installed")
	}
}
