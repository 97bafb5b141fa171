package certstore

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ediport/ediport/internal/trap"
)

// A Driver opens the stores of a type that this package does not open itself:
// keys in devices, or in key stores of an operating system. It reads Store,
// Password and KeyPassword of the Source, and returns everything that the store
// holds. The rest is done for all stores alike: the choice by Subject, Encoded
// and Configuration, the pairing of certificates and keys, the chains.
//
// An error becomes one of code 271 that names the store, unless it is an
// [*Error] with a code of its own. With [ErrPassword] in its chain the password
// is wrong. It must not contain passwords.
//
// A driver may be called by several goroutines at once. What it holds open for
// the keys it has returned stays open as long as they are in use: a
// [Certificate] has no Close.
type Driver func(Source) (Contents, error)

// Contents is what a store holds, in the store's order. No element is nil.
type Contents struct {
	// Certificates are the entries that can be chosen. Each gets the private
	// key that belongs to it by its public key.
	Certificates []*x509.Certificate

	// Keys are the private keys. Those that can decrypt implement
	// [crypto.Decrypter] too. They are used by several goroutines at once.
	Keys []crypto.Signer

	// PublicKeys are those for which there may be neither.
	PublicKeys []crypto.PublicKey

	// Issuers cannot be chosen; they complete the chains of Certificates.
	Issuers []*x509.Certificate
}

// drivers has those that were registered.
var drivers = struct {
	sync.RWMutex
	of map[StoreType]Driver
}{of: map[StoreType]Driver{}}

// Register makes a driver known, so that [Open] opens stores of that type with
// it. A package with a driver calls it in an init function; who wants the driver
// imports the package:
//
//	import _ "github.com/ediport/ediport/certstore/pkcs11"
//
// A type can be one of those that this package names and does not open, or a
// number that is not in use; other packages should take one from 1000 on.
// Register panics when the type has a driver already or driver is nil.
func Register(storeType StoreType, driver Driver) {
	if driver == nil {
		panic("certstore: Register with a nil driver")
	}
	drivers.Lock()
	defer drivers.Unlock()
	_, builtIn := openers[storeType]
	_, taken := drivers.of[storeType]
	if builtIn || taken || storeType == StoreAuto {
		panic(fmt.Sprintf("certstore: Register for the %v (type %d), which has a driver already", storeType, int(storeType)))
	}
	drivers.of[storeType] = driver
}

// opener returns what opens stores of a type, whether this package has it or a driver.
func (t StoreType) opener() (opener, error) {
	if open, ok := openers[t]; ok {
		return open, nil
	}
	drivers.RLock()
	defer drivers.RUnlock()
	if driver, ok := drivers.of[t]; ok {
		return driver.open, nil
	}
	return nil, refusal(t)
}

func (d Driver) open(s Source) (contents, error) {
	found, err := d(s)
	return contents{found.Certificates, found.Keys, found.PublicKeys, found.Issuers}, err
}

// onlyWindows is said on other systems.
const onlyWindows = "only Windows has it: export the certificate with its key, and open that as 2 (PFX file), 6 (PEM key file) or 99 (automatic store)"

// advice says what to do about a type that needs a driver.
var advice = map[StoreType]string{
	StoreUser:    onlyWindows,
	StoreMachine: onlyWindows,
	StorePKCS11:  `its driver is not in this program: import _ "github.com/ediport/ediport/certstore/pkcs11"`,
}

// refusal is the error for a type without driver. The drivers are locked.
func refusal(t StoreType) error {
	why, ok := advice[t]
	if !ok {
		why = "the types that can are " + supported()
	}
	return &Error{
		Code:    trap.CodeCertStore,
		Message: fmt.Sprintf("a %v (type %d) cannot be opened: %s", t, int(t), why),
		Err:     trap.ErrNotSupported,
	}
}

// supported lists the types that can be opened, for error messages.
func supported() string {
	types := slices.Collect(maps.Keys(openers))
	types = slices.AppendSeq(types, maps.Keys(drivers.of))
	types = append(types, StoreAuto)
	slices.Sort(types)
	list := make([]string, len(types))
	for i, t := range types {
		list[i] = fmt.Sprintf("%d (%v)", int(t), t)
	}
	return strings.Join(list, ", ")
}
