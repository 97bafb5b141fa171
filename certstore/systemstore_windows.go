package certstore

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows keeps certificates in named stores of the user and of the machine.
// The names of people's own are "MY" and "CA", the latter for issuers.

func init() {
	Register(StoreUser, systemStore(windows.CERT_SYSTEM_STORE_CURRENT_USER))
	Register(StoreMachine, systemStore(windows.CERT_SYSTEM_STORE_LOCAL_MACHINE))
}

// issuerStore completes the chains of certificates in other stores.
const issuerStore = "CA"

// systemStore opens a store of Windows by its name.
func systemStore(location uint32) Driver {
	return func(s Source) (Contents, error) {
		var c Contents
		err := eachCertificate(location, s.Store, func(context *windows.CertContext, cert *x509.Certificate) {
			c.Certificates = append(c.Certificates, cert)
			if !hasKey(context) {
				return
			}
			if key, err := newSystemKey(context, cert.PublicKey); err == nil {
				c.Keys = append(c.Keys, key) // else of a kind that Go has no type for
			}
		})
		if err != nil || strings.EqualFold(s.Store, issuerStore) {
			return c, err
		}
		err = eachCertificate(location, issuerStore, func(_ *windows.CertContext, cert *x509.Certificate) {
			c.Issuers = append(c.Issuers, cert)
		})
		return c, err
	}
}

// eachCertificate calls visit with every certificate of a store that Go can
// read. The context is valid until visit returns.
func eachCertificate(location uint32, name string, visit func(*windows.CertContext, *x509.Certificate)) error {
	store, err := openSystemStore(location, name)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CertCloseStore(store, 0) }() // it was only read
	var context *windows.CertContext
	for {
		// The previous context is freed by the call.
		context, err = windows.CertEnumCertificatesInStore(store, context)
		if errors.Is(err, syscall.Errno(windows.CRYPT_E_NOT_FOUND)) || errors.Is(err, windows.ERROR_NO_MORE_FILES) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the certificates: %w", err)
		}
		der := bytes.Clone(unsafe.Slice(context.EncodedCert, context.Length))
		if cert, err := x509.ParseCertificate(der); err == nil {
			visit(context, cert)
		}
	}
}

// openSystemStore opens a store that exists, for reading.
func openSystemStore(location uint32, name string) (windows.Handle, error) {
	const longest = 100 // a longer text is no name
	text, err := windows.UTF16PtrFromString(name)
	if err != nil || len(name) > longest {
		return 0, errors.New(`not the name of a store: the usual one is "MY"`)
	}
	flags := location | windows.CERT_STORE_READONLY_FLAG | windows.CERT_STORE_OPEN_EXISTING_FLAG
	store, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, uintptr(unsafe.Pointer(text)))
	runtime.KeepAlive(text)
	if err != nil {
		return 0, fmt.Errorf(`no store of that name: the usual one is "MY": %w`, err)
	}
	return store, nil
}

var (
	crypt32             = windows.NewLazySystemDLL("crypt32.dll")
	certContextProperty = crypt32.NewProc("CertGetCertificateContextProperty")
)

// hasKey reports whether a certificate has a private key: whether it says where
// the key is.
func hasKey(context *windows.CertContext) bool {
	const keyProviderInfo = 2 // CERT_KEY_PROV_INFO_PROP_ID
	var size uint32
	found, _, _ := certContextProperty.Call(uintptr(unsafe.Pointer(context)), keyProviderInfo, 0, uintptr(unsafe.Pointer(&size)))
	return found != 0
}
