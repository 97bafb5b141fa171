package cms_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"

	"github.com/ediport/ediport/internal/cms"
)

// A file is signed by alice and encrypted for bob, and back.
func Example() {
	alice, aliceKey := load("alice")
	bob, bobKey := load("bob")
	suite, _ := cms.SuiteByNumber(4)

	var file bytes.Buffer
	encrypted, err := cms.Encrypt(&file, cms.EncryptOptions{Suite: suite, Recipients: []*x509.Certificate{bob}})
	if err != nil {
		panic(err)
	}
	signed, err := cms.Sign(encrypted, cms.SignOptions{Suite: suite, Signers: []cms.Signer{{Certificate: alice, Key: aliceKey}}})
	if err != nil {
		panic(err)
	}
	fmt.Fprint(signed, "a drawing")
	for _, w := range []io.Closer{signed, encrypted} {
		if err := w.Close(); err != nil {
			panic(err)
		}
	}

	envelope, err := cms.Open(&file)
	if err != nil {
		panic(err)
	}
	content, err := envelope.Decrypt(cms.Recipient{Certificate: bob, Key: bobKey})
	if err != nil {
		panic(err)
	}
	inside, err := cms.Open(content)
	if err != nil {
		panic(err)
	}
	verifier, err := inside.Verify(cms.VerifyOptions{Certificates: []*x509.Certificate{alice}})
	if err != nil {
		panic(err)
	}
	drawing, err := io.ReadAll(verifier) // no error: the signature holds
	fmt.Printf("%v in %v: %s %v\n", inside.Type, envelope.Type, drawing, err)
	fmt.Println("signed by", verifier.Signatures()[0].Certificate.Subject.CommonName)
	// Output:
	// SignedData in EnvelopedData: a drawing <nil>
	// signed by alice
}

func load(name string) (*x509.Certificate, *rsa.PrivateKey) {
	text, _ := os.ReadFile("testdata/" + name + ".crt")
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	der, _ := os.ReadFile("testdata/" + name + ".key.der")
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		panic(err)
	}
	return cert, key
}
