package certstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ediport/ediport/certstore"
	"golang.org/x/crypto/ssh"
)

// A server opens its certificate and hands it to crypto/tls.
func ExampleOpen() {
	cert, err := certstore.Open(certstore.StorePFXFile, "testdata/modern.p12", "secret", "www.server.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	own, err := cert.TLSCertificate()
	if err != nil {
		fmt.Println(err)
		return
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	fmt.Println(cert.Subject())
	fmt.Println(len(config.Certificates[0].Certificate), "certificates in the chain")
	// Output:
	// E=edi@server.com, CN=www.server.com, OU=EDI, O="Car, Body GmbH", L=Muenchen, S=Bayern, C=DE
	// 3 certificates in the chain
}

// The error says why a store does not open.
func ExampleOpen_wrongPassword() {
	_, err := certstore.Open(certstore.StorePFXFile, "testdata/modern.p12", "guess", "*")
	fmt.Println(errors.Is(err, certstore.ErrPassword))
	fmt.Println(err)
	// Output:
	// true
	// 271: opening PFX file "testdata/modern.p12": the password is wrong or the data is damaged
}

// What a store has to offer.
func ExampleList() {
	list, err := certstore.List(certstore.StoreAuto, "testdata/two-keys.p12", "secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cert := range list {
		fmt.Println(cert.Subject(), cert.PrivateKeyAvailable())
	}
	// Output:
	// CN=one, O=Ediport Test true
	// CN=two, O=Ediport Test true
}

// A Source has the parameters that Open leaves out.
func ExampleSource() {
	cert, err := certstore.Source{
		Type:          certstore.StorePEMKeyFile,
		Store:         "testdata/key-aes256.pem",
		KeyPassword:   "secret",
		Configuration: "PersistPFXKey=False",
	}.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.PublicKeyAlgorithm(), cert.PublicKeyLength())
	// Output: ECDSA 256
}

// A partner's certificate has no private key.
func ExampleFromFile() {
	cert, err := certstore.FromFile("testdata/rsa.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Subject(), cert.Version(), cert.PrivateKeyAvailable())
	// Output: CN=rsa.server.com V3 false
}

// The key of PuTTY as the host key of an SSH server.
func ExampleCertificate_SSHSigner() {
	key, err := certstore.Open(certstore.StorePPKFile, "testdata/tools/putty/ed25519-secret-v3.ppk", "secret", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	signer, err := key.SSHSigner()
	if err != nil {
		fmt.Println(err)
		return
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	fmt.Println(signer.PublicKey().Type())
	// Output: ssh-ed25519
}

// A certificate that the program made itself.
func ExampleFromX509() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "gateway", Organization: []string{"Ediport"}},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := certstore.FromX509(parsed, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Subject())
	// Output: CN=gateway, O=Ediport
}
