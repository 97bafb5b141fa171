// Package certstore opens certificates and private keys from the stores that
// the components' Certificate type knows, given by name or as contents: PEM,
// PFX (PKCS #12), the key stores of Java and Bouncy Castle, P7B, the keys of
// OpenSSH and PuTTY, keys in XML and JSON. [StoreAuto] tells them apart.
//
// A [Certificate] is one entry of a store, chosen by subject or thumbprint. It
// never changes after it was opened, so any number of goroutines may use it.
//
//	cert, err := certstore.Open(certstore.StorePFXFile, "server.pfx", password, "CN=www.server.com")
//
// [Open] takes the four usual parameters. A [Source] is the same with every
// parameter of the documented constructors: a key password, an encoded
// certificate, a configuration string. [FromFile], [FromEncoded] and [FromX509]
// are the short forms, and [List] returns every entry of a store. The result
// goes to crypto/tls by [Certificate.TLSCertificate], and to
// golang.org/x/crypto/ssh by [Certificate.SSHSigner].
//
// # Drivers
//
// Keys in devices and in key stores of an operating system have drivers, which
// [Register] makes known. The driver for [StorePKCS11] is package
// certstore/pkcs11, which programs import for its effect; that for [StoreUser]
// and [StoreMachine] is in this package on Windows. Such keys sign and decrypt
// where they are: [Certificate.PrivateKey] is empty.
//
// # Errors
//
// Errors are of type [*Error]. Code 271 means that the store cannot be opened;
// with [ErrPassword] in its chain, the password is wrong. Code 272 means that
// the store has no certificate of that description. Code 273 means that a
// private key is missing or belongs to another certificate, code 10022 that a
// parameter is malformed. No error contains a password, a key, or the contents
// of a store.
//
// # Limits
//
// A store is at most 16 MiB and has at most 4,096 certificates and keys; a
// private key is at most 16 KiB in DER. All encrypted parts of a store together
// may ask for 10 million hash iterations, or as much work of scrypt, Argon2 or
// bcrypt as lasts about a second. Go itself refuses certificates with a
// negative serial number, or with a name in an obsolete string type.
package certstore
