// Package tlsconf turns the component's SSL settings into crypto/tls
// configuration and tells what a handshake has negotiated.
//
// [Settings] are the plain values as the settings table stores them. [Compile]
// checks them and builds what is expensive once for each listener or change of
// settings: parsed lists, certificate pools, ticket keys, the key log file.
// [Compiled.Server] and [Compiled.Client] then make the small configuration of
// one connection, whose callbacks know that connection.
//
// What crypto/tls cannot do is refused by name, with what to use instead, and
// never accepted silently: SSL 2 and 3, finite-field and static Diffie-Hellman,
// suites that do not encrypt or do not authenticate, the groups X448 and ffdhe,
// the signatures DSA, Ed448, SHA-1 and SHA-224, a choice among the TLS 1.3
// suites (RFC 8446, appendix B.4), and renegotiation.
//
// Certificates are verified here rather than by crypto/tls, because the
// application has the last word; see [Server.Accept]. Whether a certificate has
// been revoked is not looked up.
package tlsconf
