package cms

import (
	"crypto"
	"encoding/asn1"
	"io"
)

// A Package is one whose head has been read, and whose content comes next. One
// of [Package.Verify], [Package.Decrypt], [Package.Decompress] and [Package.Data]
// may be called, once.
type Package struct {
	// Type is what the package is.
	Type ContentType

	// Inner is what its content is said to be. OFTP says Data of everything
	// (RFC 5024, section 6.1), so that only opening it tells.
	Inner ContentType

	// Detached is true for SignedData without content.
	Detached bool

	// Cipher is what the content of EnvelopedData is encrypted with.
	Cipher Cipher

	s          *scanner
	inner      asn1.ObjectIdentifier // that Inner stands for
	digests    []crypto.Hash         // of SignedData
	recipients []recipient           // of EnvelopedData
	iv         []byte
	opened     bool
}

// heads read the head of each type, from inside of it up to the content.
var heads = map[ContentType]func(*Package) error{
	SignedData:     (*Package).signedHead,
	EnvelopedData:  (*Package).envelopedHead,
	CompressedData: (*Package).compressedHead,
}

// Open reads the head of a package: for EnvelopedData the recipients, else a few
// octets. The readers of the content take r to its end.
func Open(r io.Reader) (*Package, error) {
	p := &Package{s: newScanner(r)}
	if err := p.s.enter(idSequence); err != nil {
		return nil, err
	}
	var err error
	if p.Type, _, err = p.s.contentType(); err != nil {
		return nil, err
	}
	if err := p.s.enter(idExplicit0); err != nil {
		return nil, err
	}
	head, ok := heads[p.Type]
	switch {
	case p.Type == Data:
		return p, nil
	case !ok:
		return nil, fail(Unsupported, "a package of a type other than SignedData, EnvelopedData, CompressedData and Data")
	}
	if err := p.s.enter(idSequence); err != nil {
		return nil, err
	}
	if _, err := p.s.elementOf(idInteger); err != nil { // the version says nothing that the rest does not
		return nil, err
	}
	return p, head(p)
}

// contentType reads the name of a type.
func (s *scanner) contentType() (t ContentType, oid asn1.ObjectIdentifier, err error) {
	der, err := s.elementOf(idOID)
	if err != nil {
		return 0, nil, err
	}
	err = unmarshal(der, &oid)
	return typeNamed(oid), oid, err
}

// innerHead reads an EncapsulatedContentInfo (RFC 5652, section 5.2) up to its
// content, and reports whether it has one.
func (p *Package) innerHead() (bool, error) {
	if err := p.s.enter(idSequence); err != nil {
		return false, err
	}
	var err error
	if p.Inner, p.inner, err = p.s.contentType(); err != nil {
		return false, err
	}
	id, err := p.s.next()
	if err != nil || id == 0 {
		return false, err
	}
	return true, p.s.enter(idExplicit0)
}

// Data returns the content of a package that neither hides nor proves anything
// (RFC 5652, section 4).
func (p *Package) Data() (io.Reader, error) {
	c, err := p.open(Data, idOctetString)
	if err != nil {
		return nil, err
	}
	return p.reader(c, func() error { return p.s.leave(2) }), nil
}

// open begins with the content of a package that has to be of type t.
func (p *Package) open(t ContentType, id byte) (*content, error) {
	if err := p.claim(t); err != nil {
		return nil, err
	}
	return openContent(p.s, id)
}

// claim makes sure that the content is read once, and as what it is.
func (p *Package) claim(t ContentType) error {
	if p.Type != t {
		return fail(Unsupported, "the package is %v and not %v", p.Type, t)
	}
	if p.opened {
		return fail(Unsupported, "the content of the package is being read already")
	}
	p.opened = true
	return nil
}

// reader reads content from r, then what is left of the package.
func (p *Package) reader(r io.Reader, rest func() error) *reader {
	return &reader{r: r, finish: func() error {
		if err := rest(); err != nil {
			return err
		}
		return p.s.drain()
	}}
}

// reader returns what it reads from r, and io.EOF only when finish has nothing
// against it. Every error stays.
type reader struct {
	r      io.Reader
	finish func() error
	err    error
}

// Read reads content.
func (r *reader) Read(p []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err = r.r.Read(p)
	if err == io.EOF {
		if failed := r.finish(); failed != nil {
			err = failed
		}
	}
	r.err = err
	return n, err
}

// unmarshal is asn1.Unmarshal that wants no octets left over.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	switch {
	case err != nil:
		return fail(Malformed, "%w", err)
	case len(rest) > 0:
		return fail(Malformed, "%d octets after the end of an element", len(rest))
	}
	return nil
}
