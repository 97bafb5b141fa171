package cms

import (
	"crypto/x509/pkix"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// DefaultLevel is what [Compress] is best called with: level 1 is up to twice
// as fast as level 6, and what it makes of EDI is 7 to 11 % larger.
const DefaultLevel = 1

// Compress writes CompressedData (RFC 3274) to w: what is written to the result
// is compressed with zlib, at a level of 1 to 9. The lengths are indefinite, as
// nobody knows in advance what comes out.
func Compress(w io.Writer, level int) (io.WriteCloser, error) {
	if level < zlib.BestSpeed || level > zlib.BestCompression {
		return nil, fmt.Errorf("cms: compression level %d: 1 to 9 are possible", level)
	}
	algorithm, err := marshal(pkix.AlgorithmIdentifier{Algorithm: oidZlib})
	if err != nil {
		return nil, err
	}
	inner, err := marshal(Data.oid())
	if err != nil {
		return nil, err
	}
	f, err := newFrame(CompressedData,
		layer{id: idSequence, before: append(element(idInteger, []byte{0}), algorithm...)},
		layer{id: idSequence, before: inner},
		layer{id: idExplicit0})
	if err != nil {
		return nil, err
	}
	f.content = idOctetString
	if _, err := w.Write(f.head()); err != nil {
		return nil, err
	}
	s := newSegments(w, f)
	z, err := zlib.NewWriterLevel(s, level)
	if err != nil {
		return nil, err
	}
	return &writer{to: z, left: indefinite, finish: func() error {
		if err := z.Close(); err != nil {
			return err
		}
		return end(s, f)
	}}, nil
}

// end writes the rest of the content and what follows it.
func end(s *segments, f *frame) error {
	if err := s.flush(); err != nil {
		return err
	}
	_, err := s.w.Write(f.tail())
	return err
}
