package certstore

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelectionBySubject(t *testing.T) {
	t.Parallel()
	store := load(t, "chain.pem", "rsa.pem", "server.pem", "server.key", "ed.pem", "ed.key")
	for _, row := range []struct{ subject, want string }{
		{"", serverSubject},
		{"*", serverSubject},
		{" * ", serverSubject},
		{serverSubject, serverSubject},
		{`c=DE;st=Bayern;l=Muenchen;o="Car, Body GmbH";ou=EDI;cn=www.server.com;emailAddress=edi@server.com`, serverSubject},
		{"CAR, BODY", serverSubject},
		{"CN=rsa.server.com", "CN=rsa.server.com"},
		{"server.com", serverSubject}, // the first with a key
		{"Test Root", "CN=Test Root, O=Ediport Test, C=DE"},
		{"Thumbprint=F0F037953435720C7EFACDAF593CDEF3CB32A633", serverSubject},
		{"thumbprint=a1:38:51:a6:e2:41:39:30:f7:44:43:f3:7c:12:eb:e6", serverSubject},
		{"THUMBPRINT=A704FE232D3E086EC73030235FD656DBE521DAEB878ACAAE9C7027543EAD46E1", serverSubject},
	} {
		c, err := Open(StoreAuto, store, "", row.subject)
		require.NoError(t, err, row.subject)
		assert.Equal(t, row.want, c.Subject(), row.subject)
	}
}

// A whole name wins over a part of another.
func TestExactSubjectWins(t *testing.T) {
	t.Parallel()
	longer, exact := newKey(t), newKey(t)
	store := certPEM(newCert(t, longer, commonName("gateway.test"))) + keyPEM(t, longer) +
		certPEM(newCert(t, exact, commonName("gateway")))
	c, err := Open(StorePEMKeyBlob, store, "", "CN=gateway")
	require.NoError(t, err)
	assert.Equal(t, "CN=gateway", c.Subject())
	assert.False(t, c.PrivateKeyAvailable())
}

func TestNotFoundSaysWhatThereIs(t *testing.T) {
	t.Parallel()
	_, err := Open(StorePEMKeyFile, "testdata/rsa.pem", "", "CN=other")
	require.ErrorIs(t, err, ErrNotFound)
	require.NotErrorIs(t, err, ErrStore)
	assert.Equal(t, `272: PEM key file "testdata/rsa.pem" has no certificate with subject "CN=other"; it holds "CN=rsa.server.com"`, err.Error())

	_, err = Open(StorePEMKeyBlob, load(t, "key-sec1.pem"), "", "Thumbprint="+strings.Repeat("0", 40))
	require.ErrorIs(t, err, ErrNotFound)
	assert.Contains(t, err.Error(), "thumbprint 0000")
	assert.Contains(t, err.Error(), "it holds a key without certificate")
}

func TestInventoryIsBounded(t *testing.T) {
	t.Parallel()
	assert.True(t, strings.HasSuffix(inventory(make([]entry, 25)), ", and 15 more"))
}

func TestListKeepsTheOrder(t *testing.T) {
	t.Parallel()
	bare := newKey(t)
	list, err := List(StorePEMKeyBlob, keyPEM(t, bare)+load(t, "ed.key", "chain.pem", "rsa.pem", "chain.pem", "ed.pem"), "")
	require.NoError(t, err)
	var got []string
	for _, c := range list {
		got = append(got, fmt.Sprint(c.Subject(), " ", c.PrivateKeyAvailable()))
	}
	assert.Equal(t, []string{
		"CN=Test Issuing, O=Ediport Test, C=DE false",
		"CN=Test Root, O=Ediport Test, C=DE false",
		"CN=rsa.server.com false",
		"CN=ed.server.com true",
		" true",
	}, got)
	_, err = List(StorePEMKeyBlob, "hello", "")
	require.ErrorIs(t, err, ErrStore)
}

func TestChainGoesFromLeafToRoot(t *testing.T) {
	t.Parallel()
	c, err := Open(StorePublicKeyBlob, load(t, "ca.pem", "rsa.pem", "server.pem", "sub.pem"), "", "www.server.com")
	require.NoError(t, err)
	var names []string
	for _, cert := range c.Chain() {
		names = append(names, cert.Subject.CommonName)
	}
	assert.Equal(t, []string{"www.server.com", "Test Issuing", "Test Root"}, names)
	c.Chain()[0] = nil
	assert.NotNil(t, c.Chain()[0], "Chain returns a copy")
}

// Certificates that name each other as issuers give no endless chain.
func TestChainOfACircle(t *testing.T) {
	t.Parallel()
	a, b := newCert(t, newKey(t), commonName("a")), newCert(t, newKey(t), commonName("b"))
	a.RawIssuer, b.RawIssuer = b.RawSubject, a.RawSubject
	assert.Len(t, chainOf(a, []*x509.Certificate{a, b}), 2)
}
