package cms

import (
	"bytes"
	"encoding/asn1"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOpen opens whatever it is given, with everything that can be opened in it.
func FuzzOpen(f *testing.F) {
	alice, bob := loadParty(f, "alice"), loadParty(f, "bob")
	fox := readFile(f, "FOX.plain")
	for _, row := range peerPackages {
		f.Add(readFile(f, row.name))
	}
	for number := 1; number <= 10; number++ {
		signed, err := SignBytes(fox, SignOptions{Suite: suite(f, number), Signers: []Signer{alice.signer()}})
		require.NoError(f, err)
		f.Add(signed)
		f.Add(loosen(f, signed))
	}
	us, o := quick(bob), known(alice)
	f.Fuzz(func(t *testing.T, packed []byte) {
		var r io.Reader = bytes.NewReader(packed)
		signed := false
		for range 4 {
			p, err := Open(r)
			if err != nil {
				require.NotZero(t, ReasonOf(err))
				return
			}
			if r, err = read(p, us, o); err != nil {
				require.NotZero(t, ReasonOf(err))
				return
			}
			signed = signed || p.Type == SignedData
			content, err := io.ReadAll(r)
			if err != nil {
				require.NotZero(t, ReasonOf(err))
				return
			}
			if signed {
				require.Equal(t, fox, content, "alice has signed nothing else")
				return
			}
			r = bytes.NewReader(content)
		}
	})
}

// FuzzScanner reads elements of any shape: what it keeps is DER.
func FuzzScanner(f *testing.F) {
	f.Add(unhex(f, headData))
	f.Add(unhex(f, headSigned+"31 00"+innerData+"24 80 24 80 04 01 61 00 00 00 00"))
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 100))
	for _, row := range peerPackages {
		f.Add(readFile(f, row.name))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		s := newScanner(bytes.NewReader(octets))
		der, err := s.element()
		require.Empty(t, s.saved)
		require.LessOrEqual(t, s.pos, int64(len(octets)))
		if err != nil {
			require.NotZero(t, ReasonOf(err))
			return
		}
		require.Empty(t, s.levels)
		var v asn1.RawValue
		_ = unmarshal(der, &v)
		again, err := newScanner(bytes.NewReader(der)).element()
		require.NoError(t, err)
		require.Equal(t, der, again)
	})
}
