// Package cms is the Cryptographic Message Syntax as OFTP 2.0 uses it (RFC 5024,
// sections 6 and 10; RFC 5652 and 3274): files are signed, compressed and
// encrypted, in that order, and back, in one pass and in constant memory.
//
// The writers [Sign], [Compress] and [Encrypt] are chained from the last one to
// the first; each Close finishes one package and leaves what lies below open:
//
//	encrypted, err := cms.Encrypt(file, cms.EncryptOptions{Suite: suite, Recipients: partner})
//	compressed, err := cms.Compress(encrypted, cms.DefaultLevel)
//	signed, err := cms.Sign(compressed, cms.SignOptions{Suite: suite, Signers: own})
//	// write the file to signed; then close signed, compressed, encrypted
//
// [Open] reads the head of a package; its Decrypt, Decompress, Verify and Data
// return the content, which may be a package again. A reader is right about the
// content only when it has returned io.EOF: a signature follows what it signs,
// so that whoever stores the content must not show it to anyone before.
//
// Written is BER with indefinite lengths, or DER where the size is known in
// advance and the caller wants it. Read is any BER: both forms of lengths,
// strings in segments of segments, and octets after the end, which some peers
// send. Whatever comes from outside is bounded: depth, counts, and the size of
// all but the content.
//
// Not here: whether a certificate is valid today and who has issued it (that is
// internal/trust's), key agreement, passwords, and authenticated encryption.
package cms
