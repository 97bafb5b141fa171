package certstore

import (
	"fmt"

	"github.com/ediport/ediport/internal/keystore"
)

// StoreType is the kind of a certificate store. The numbers are those of the
// component's StoreType; 20 is unused.
type StoreType int

// The store types. The names say file when the store is a file name, and blob
// when it is the contents: octets, or Base64 of them.
const (
	StoreUser             StoreType = 0  // Windows: store of the current user
	StoreMachine          StoreType = 1  // Windows: store of the machine
	StorePFXFile          StoreType = 2  // PKCS #12 file
	StorePFXBlob          StoreType = 3  // PKCS #12 contents
	StoreJKSFile          StoreType = 4  // Java key store file
	StoreJKSBlob          StoreType = 5  // Java key store contents
	StorePEMKeyFile       StoreType = 6  // PEM file of private keys and certificates
	StorePEMKeyBlob       StoreType = 7  // PEM text of private keys and certificates
	StorePublicKeyFile    StoreType = 8  // certificate file, PEM or DER
	StorePublicKeyBlob    StoreType = 9  // certificate, PEM or DER
	StoreSSHPublicKeyBlob StoreType = 10 // SSH public key
	StoreP7BFile          StoreType = 11 // PKCS #7 file of certificates
	StoreP7BBlob          StoreType = 12 // PKCS #7 contents
	StoreSSHPublicKeyFile StoreType = 13 // SSH public key file
	StorePPKFile          StoreType = 14 // PuTTY private key file
	StorePPKBlob          StoreType = 15 // PuTTY private key
	StoreXMLFile          StoreType = 16 // XML key file
	StoreXMLBlob          StoreType = 17 // XML key
	StoreJWKFile          StoreType = 18 // JSON Web Key file
	StoreJWKBlob          StoreType = 19 // JSON Web Key
	StoreBCFKSFile        StoreType = 21 // Bouncy Castle FIPS key store file
	StoreBCFKSBlob        StoreType = 22 // Bouncy Castle FIPS key store contents
	StorePKCS11           StoreType = 23 // keys in a device behind PKCS #11; see package certstore/pkcs11
	StoreAuto             StoreType = 99 // found out from the first octets
)

var storeNames = map[StoreType]string{
	StoreUser:             "Windows user store",
	StoreMachine:          "Windows machine store",
	StorePFXFile:          "PFX file",
	StorePFXBlob:          "PFX blob",
	StoreJKSFile:          "JKS file",
	StoreJKSBlob:          "JKS blob",
	StorePEMKeyFile:       "PEM key file",
	StorePEMKeyBlob:       "PEM key blob",
	StorePublicKeyFile:    "certificate file",
	StorePublicKeyBlob:    "certificate blob",
	StoreSSHPublicKeyBlob: "SSH public key blob",
	StoreP7BFile:          "P7B file",
	StoreP7BBlob:          "P7B blob",
	StoreSSHPublicKeyFile: "SSH public key file",
	StorePPKFile:          "PPK file",
	StorePPKBlob:          "PPK blob",
	StoreXMLFile:          "XML key file",
	StoreXMLBlob:          "XML key blob",
	StoreJWKFile:          "JWK file",
	StoreJWKBlob:          "JWK blob",
	StoreBCFKSFile:        "BCFKS file",
	StoreBCFKSBlob:        "BCFKS blob",
	StorePKCS11:           "PKCS #11 key",
	StoreAuto:             "automatic store",
}

// String returns the name of the type, such as "PFX file".
func (t StoreType) String() string {
	if name, ok := storeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("store type %d", int(t))
}

// opener reads everything that a store holds.
type opener func(Source) (contents, error)

// openers has the types that this package opens itself. [StoreAuto] is missing:
// it becomes one of them first. For the others see [Register].
var openers = map[StoreType]opener{
	StorePFXFile:          fileOf(parsePFX),
	StorePFXBlob:          blobOf(parsePFX),
	StoreJKSFile:          fileOf(from(keystore.JKS)),
	StoreJKSBlob:          blobOf(from(keystore.JKS)),
	StorePEMKeyFile:       fileOf(parsePEM),
	StorePEMKeyBlob:       blobOf(parsePEM),
	StorePublicKeyFile:    fileOf(parseCertificates),
	StorePublicKeyBlob:    blobOf(parseCertificates),
	StoreSSHPublicKeyFile: fileOf(from(keystore.SSHPublic)),
	StoreSSHPublicKeyBlob: blobOf(from(keystore.SSHPublic)),
	StoreP7BFile:          fileOf(parseP7B),
	StoreP7BBlob:          blobOf(parseP7B),
	StorePPKFile:          fileOf(from(keystore.PPK)),
	StorePPKBlob:          blobOf(from(keystore.PPK)),
	StoreXMLFile:          fileOf(from(keystore.XML)),
	StoreXMLBlob:          blobOf(from(keystore.XML)),
	StoreJWKFile:          fileOf(from(keystore.JWK)),
	StoreJWKBlob:          blobOf(from(keystore.JWK)),
	StoreBCFKSFile:        fileOf(from(keystore.BCFKS)),
	StoreBCFKSBlob:        blobOf(from(keystore.BCFKS)),
}
