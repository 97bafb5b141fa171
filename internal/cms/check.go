package cms

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"hash"
)

// checker computes the digests of content, and checks signatures with them.
type checker struct {
	inner  asn1.ObjectIdentifier
	hashes map[crypto.Hash]hash.Hash
	first  []byte // octets of the content, see attributesInDisguise
	size   int64
}

func newChecker(inner asn1.ObjectIdentifier, digests []crypto.Hash) *checker {
	c := &checker{inner: inner, hashes: map[crypto.Hash]hash.Hash{}, first: make([]byte, 0, 32)}
	for _, h := range digests {
		c.hashes[h] = h.New()
	}
	return c
}

// Write adds content.
func (c *checker) Write(p []byte) (int, error) {
	if room := cap(c.first) - len(c.first); room > 0 {
		c.first = append(c.first, p[:min(room, len(p))]...)
	}
	c.size += int64(len(p))
	for _, h := range c.hashes {
		h.Write(p)
	}
	return len(p), nil
}

// claim compares a claim with the content and the signer's key.
func (c *checker) claim(claim claim, key crypto.PublicKey) error {
	hash, ok := c.hashes[claim.digest.hash]
	if !ok {
		return fail(BadSignature, "the signature is made with %v, which is not among the digest algorithms of the package", claim.digest.hash)
	}
	sum := hash.Sum(nil)
	if claim.signed == nil {
		if !c.inner.Equal(Data.oid()) || c.attributesInDisguise() {
			return fail(BadSignature, "the signature is about %v and has no signed attributes", typeNamed(c.inner))
		}
		return claim.verify(key, sum)
	}
	switch {
	case !bytes.Equal(claim.content, sum):
		return fail(BadSignature, "the content is not what was signed: its %v is another", claim.digest.hash)
	case !claim.inner.Equal(c.inner):
		return fail(BadSignature, "the content is %v and was signed as something else", typeNamed(c.inner))
	}
	h := claim.digest.hash.New()
	h.Write(claim.signed)
	return claim.verify(key, h.Sum(nil))
}

// attributesInDisguise reports whether the content is what signed attributes
// look like: those of another package, taken for content, would have a signature
// that holds. No file of any use has the form.
func (c *checker) attributesInDisguise() bool {
	s := newScanner(bytes.NewReader(c.first))
	if s.enter(idSet) != nil || s.levels[0].end != c.size || s.enter(idSequence) != nil {
		return false
	}
	id, err := s.next()
	return err == nil && id == idOID
}
