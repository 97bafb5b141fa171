// Package park keeps connections that wait, without a goroutine or a buffer
// for each of them.
//
// A server that holds many idle connections parks them in a [Lot] and is told,
// as the [Owner] of each, when there is something to read or room to write.
// It then uses the [Conn] without waiting (TryRead, TryWrite), or waits as with
// any [net.Conn].
//
// On Linux a parked TCP or unix stream socket is a descriptor in an
// edge-triggered epoll set of the lot's own and about a hundred octets of
// memory. Everything else (other systems, [net.Pipe], TLS, wrapped
// connections) has the same face over a goroutine that waits for each
// connection.
//
// The package knows nothing of protocols, and does not limit what it is given
// to park.
package park
