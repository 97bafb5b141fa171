// Package certstore opens certificates and private keys from the stores that
// the components' Certificate type knows: PEM files, PFX (PKCS #12) files and
// certificate files, given by name or as contents.
//
// A [Certificate] is one entry of a store, chosen by subject or thumbprint. It
// never changes after it was opened, so any number of goroutines may use it.
//
//	cert, err := certstore.Open(certstore.StorePFXFile, "server.pfx", password, "CN=www.server.com")
//
// [Open] takes the four usual parameters. A [Source] is the same with every
// parameter of the documented constructors: a key password, an encoded
// certificate, a configuration string. [FromFile], [FromEncoded] and [FromX509]
// are the short forms, and [List] returns every entry of a store.
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
// may ask for 10 million hash iterations. PFX files must be DER: the indefinite
// lengths of BER are refused.
package certstore
