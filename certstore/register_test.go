package certstore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lastType is the last number that a test has taken.
var lastType atomic.Int64

// register makes a driver known under a number of its own.
func register(driver Driver) StoreType {
	storeType := StoreType(1000 + lastType.Add(1))
	Register(storeType, driver)
	return storeType
}

// issued makes a certificate for key that another has signed.
func issued(t *testing.T, name string, key crypto.Signer, issuer *x509.Certificate, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(8), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(1_700_000_000, 0), NotAfter: time.Unix(1_900_000_000, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// What a driver returns goes the same way as what a file holds.
func TestRegisteredDriver(t *testing.T) {
	t.Parallel()
	rootKey, key, other := newKey(t), newKey(t), newKey(t)
	root := newCert(t, rootKey, commonName("root"))
	alone, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	var asked Source
	storeType := register(func(s Source) (Contents, error) {
		asked = s
		return Contents{
			Certificates: []*x509.Certificate{newCert(t, other, commonName("partner")), issued(t, "gateway", key, root, rootKey)},
			Keys:         []crypto.Signer{tokenKey{key}, tokenKey{alone}},
			PublicKeys:   []crypto.PublicKey{key.Public()},
			Issuers:      []*x509.Certificate{root},
		}, nil
	})
	c, err := Open(storeType, "my.device", "1234", "")
	require.NoError(t, err)
	assert.Equal(t, "CN=gateway", c.Subject(), "the first with a key")
	assert.Equal(t, tokenKey{key}, c.Signer())
	assert.Len(t, c.Chain(), 2)
	assert.Equal(t, Source{Type: storeType, Store: "my.device", Password: "1234"}, asked)

	c, err = Open(storeType, "my.device", "", "partner")
	require.NoError(t, err)
	assert.False(t, c.PrivateKeyAvailable())
	_, err = Open(storeType, "my.device", "", "root")
	require.ErrorIs(t, err, ErrNotFound, "issuers cannot be chosen")
	require.ErrorContains(t, err, `"my.device" has no certificate`)

	list, err := List(storeType, "my.device", "")
	require.NoError(t, err)
	assert.Len(t, list, 3, "two certificates and a key; the public key is a certificate's")
}

func TestErrorsOfDrivers(t *testing.T) {
	t.Parallel()
	one := newCert(t, newKey(t), commonName("one"))
	for want, driver := range map[string]Driver{
		`271: opening store type %d "my.device": the PIN`: func(Source) (Contents, error) {
			return Contents{}, fmt.Errorf("the PIN: %w", ErrPassword)
		},
		`10060: opening store type %d "my.device": no answer`: func(Source) (Contents, error) {
			return Contents{}, trap.New(trap.CodeTimedOut, "no answer")
		},
		`271: opening store type %d "my.device": there is no certificate and no key in it`: func(Source) (Contents, error) {
			return Contents{Issuers: []*x509.Certificate{one}}, nil
		},
		`271: opening store type %d "my.device": 4097 certificates and keys: the limit is 4096`: func(Source) (Contents, error) {
			return Contents{Certificates: []*x509.Certificate{one}, Issuers: slices.Repeat([]*x509.Certificate{one}, maxEntries)}, nil
		},
	} {
		storeType := register(driver)
		_, err := Open(storeType, "my.device", "", "")
		require.ErrorContains(t, err, fmt.Sprintf(want, int(storeType)))
		assert.Equal(t, strings.Contains(want, "PIN"), errors.Is(err, ErrPassword))
	}
}

func TestRegisterPanics(t *testing.T) {
	t.Parallel()
	driver := func(Source) (Contents, error) { return Contents{}, nil }
	assert.PanicsWithValue(t, "certstore: Register with a nil driver", func() { Register(1000, nil) })
	for _, storeType := range []StoreType{StorePFXFile, StoreAuto, StoreBCFKSBlob} {
		assert.PanicsWithValue(t,
			fmt.Sprintf("certstore: Register for the %v (type %d), which has a driver already", storeType, int(storeType)),
			func() { Register(storeType, driver) })
	}
	taken := register(driver)
	assert.Panics(t, func() { Register(taken, driver) })
}

func TestTypesThatNeedADriver(t *testing.T) {
	t.Parallel()
	want := map[StoreType]string{
		StorePKCS11:   `a PKCS #11 key (type 23) cannot be opened: its driver is not in this program: import _ "github.com/ediport/ediport/certstore/pkcs11"`,
		20:            "a store type 20 (type 20) cannot be opened: the types that can are ",
		StoreType(-1): "2 (PFX file), 3 (PFX blob), 4 (JKS file), 5 (JKS blob), 6 (PEM key file), 7 (PEM key blob)",
	}
	if runtime.GOOS != "windows" {
		want[StoreUser] = "a Windows user store (type 0) cannot be opened: only Windows has it"
		want[StoreMachine] = "open that as 2 (PFX file), 6 (PEM key file) or 99 (automatic store)"
	}
	for storeType, text := range want {
		_, err := Open(storeType, "MY", "", "*")
		require.ErrorIs(t, err, ErrStore)
		require.ErrorIs(t, err, trap.ErrNotSupported)
		require.ErrorContains(t, err, text)
	}
	_, err := Open(StoreAuto, "pkcs11:token=edi?module-path=/lib.so", "", "")
	require.ErrorContains(t, err, "a PKCS #11 key (type 23)", "a URI is recognised")
}

// A PIN that stands in a URI against all advice is not repeated.
func TestPINOfAURIStaysSecret(t *testing.T) {
	t.Parallel()
	s := Source{Type: StorePKCS11, Store: "pkcs11:token=edi?Pin-Value=4711"}
	assert.Equal(t, "PKCS #11 key (31 octets)", s.String())
	s.Store = "pkcs11:token=edi?module-path=/lib.so"
	assert.Equal(t, `PKCS #11 key "pkcs11:token=edi?module-path=/lib.so"`, s.String())
}

// Every type of the component can be opened, by this package or by a driver.
func TestEveryTypeHasAnOpenerOrAdvice(t *testing.T) {
	t.Parallel()
	for storeType := range storeNames {
		_, builtIn := openers[storeType]
		_, advised := advice[storeType]
		assert.NotEqual(t, builtIn, advised || storeType == StoreAuto, "%v", storeType)
	}
}
