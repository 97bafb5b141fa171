package cms

import (
	"crypto/x509/pkix"
	"io"

	"github.com/klauspost/compress/zlib"
)

// compressedHead reads RFC 3274, section 1.1, up to the content.
func (p *Package) compressedHead() error {
	der, err := p.s.elementOf(idSequence)
	if err != nil {
		return err
	}
	var algorithm pkix.AlgorithmIdentifier
	if err := unmarshal(der, &algorithm); err != nil {
		return err
	}
	if !algorithm.Algorithm.Equal(oidZlib) {
		return fail(Unsupported, "compression algorithm %v is not supported: zlib is", algorithm.Algorithm)
	}
	has, err := p.innerHead()
	if err == nil && !has {
		err = fail(Unsupported, "the compressed content is not in the package")
	}
	return err
}

// Decompress returns the content of CompressedData, at most limit octets of it;
// a negative limit is none. More is [TooLarge]: a package of 1 MiB may hold a
// GiB, and SFIDOSIZ tells what to expect.
func (p *Package) Decompress(limit int64) (io.Reader, error) {
	c, err := p.open(CompressedData, idOctetString)
	if err != nil {
		return nil, err
	}
	from := &watched{r: c}
	return p.reader(&inflater{from: from, left: limit, limit: limit}, func() error {
		// Octets after the end of the zlib stream are in nobody's content.
		if _, err := io.Copy(io.Discard, from); err != nil {
			return err
		}
		return p.s.leave(5)
	}), nil
}

// inflater reads zlib (RFC 1950), and tells damage in it from what fails below.
type inflater struct {
	from        *watched
	z           io.Reader
	left, limit int64
}

// Read reads decompressed octets.
func (f *inflater) Read(p []byte) (n int, err error) {
	if f.z == nil {
		if f.z, err = zlib.NewReader(f.from); err != nil {
			return 0, f.blame(err)
		}
	}
	if f.limit >= 0 && f.left < int64(len(p)) {
		p = p[:f.left+1] // one more, to see that there is one
	}
	n, err = f.z.Read(p)
	if f.limit >= 0 && int64(n) > f.left {
		return int(f.left), fail(TooLarge, "decompressed, the content is larger than %d octets", f.limit)
	}
	f.left -= int64(n)
	return n, f.blame(err)
}

func (f *inflater) blame(err error) error {
	switch {
	case err == nil || err == io.EOF && f.z != nil:
		return err
	case f.from.err != nil:
		return f.from.err
	}
	return fail(CannotDecompress, "the content cannot be decompressed: %w", err)
}

// watched remembers with what error, other than io.EOF, reading from r ended.
type watched struct {
	r   io.Reader
	err error
}

// Read reads from r.
func (w *watched) Read(p []byte) (n int, err error) {
	n, err = w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}
