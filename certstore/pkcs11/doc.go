// Package pkcs11 lets package certstore use keys that stay inside a device: a
// hardware security module, a smart card or a security key with a PKCS #11
// module. Import it for its effect:
//
//	import _ "github.com/ediport/ediport/certstore/pkcs11"
//
//	cert, err := certstore.Open(certstore.StorePKCS11, "/usr/lib/softhsm/libsofthsm2.so", pin, "CN=www.server.com")
//
// # Store
//
// The store is the file name of the module, the library that comes with the
// device. It must have exactly one token then. Or the store is a URI of RFC 7512
// that names the module and as much of the token and the object as is needed:
//
//	pkcs11:token=edi;object=server?module-path=/usr/lib/softhsm/libsofthsm2.so
//
// The attributes token, serial, manufacturer and model choose the token. The
// attributes object (its label), id and type (cert, private or public) choose an
// object; what has the same CKA_ID belongs to it, and the other certificates of
// the token only complete its chain. Of the query, module-path is needed. A URI
// with any other attribute is refused, one with a PIN too: the PIN is the
// password. As everywhere, the subject chooses among what is left.
//
// A module is code that becomes part of the process: name only modules that you
// trust. The system's loader looks for a name without a directory.
//
// # Keys
//
// The private keys are RSA keys, which sign (PKCS #1 v1.5 and PSS) and decrypt
// (PKCS #1 v1.5 and OAEP) as far as the token has the mechanism, ECDSA keys with
// the curves P-256, P-384 and P-521, and Ed25519 keys. The public half comes
// from the private key object (RSA), else from the public key or the certificate
// with the same CKA_ID. Keys of other kinds, and those without public half, are
// left out; when the token has no other, that is the error.
//
// Keys with CKA_ALWAYS_AUTHENTICATE get the PIN before each use. Tokens where
// the PIN is typed at the device are not supported.
//
// # Sessions
//
// All certificates of one token share a login and at most 16 sessions, fewer if
// the token has fewer; a goroutine that needs one more waits. Any number of
// goroutines may use a key at the same time. When a session is lost or the token
// was pulled, the operation is tried once more on a new session with a new
// login; if that fails too there is an error, and the next use tries again. A
// PIN that the token has refused is not shown to it again by itself, because
// tokens lock themselves after a few wrong ones; only opening a store does so.
//
// Modules stay loaded, and sessions open, until the process ends: a Certificate
// has no Close, and the system tells the module. C_Finalize is never called,
// since other users of the module in the same process would lose it too.
//
// # Errors
//
// They have code 271 when the store cannot be opened, with certstore.ErrPassword
// in the chain when the PIN is missing or wrong, 273 when a key cannot sign and
// 284 when it cannot decrypt.
//
// The package needs cgo. Built without it, opening a store is an error that says
// so.
package pkcs11
