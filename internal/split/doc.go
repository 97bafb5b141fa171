// Package split cuts a stream of octets into the pieces that DataIn delivers:
// records of a fixed length, lines, or the octets as they came.
//
// It does no I/O and keeps no octets. Whoever reads the stream keeps what was
// not consumed, appends what comes next, and offers all of it again:
//
//	for {
//		piece, used, ok := splitter.Next(mode, kept)
//		if ok {
//			deliver(piece)
//		}
//		kept = kept[used:]
//		if !ok {
//			break // read more
//		}
//	}
//
// At the end of the stream [Splitter.Rest] stands in the place of
// [Splitter.Next]. The pieces of records and lines do not depend on how the
// stream was cut into packets.
package split
