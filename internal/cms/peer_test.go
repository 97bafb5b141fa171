package cms

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peerPackages were made by another implementation of OFTP 2.0 with Bouncy
// Castle 1.46; the name has security, suite and compression of SFID. See
// testdata/README.md.
var peerPackages = []struct {
	name  string
	types []ContentType
}{
	{"cms-001.cms", []ContentType{CompressedData}},
	{"cms-110.cms", []ContentType{EnvelopedData}},
	{"cms-111.cms", []ContentType{EnvelopedData, CompressedData}},
	{"cms-120.cms", []ContentType{EnvelopedData}},
	{"cms-121.cms", []ContentType{EnvelopedData, CompressedData}},
	{"cms-210.cms", []ContentType{SignedData}},
	{"cms-211.cms", []ContentType{CompressedData, SignedData}},
	{"cms-220.cms", []ContentType{SignedData}},
	{"cms-221.cms", []ContentType{CompressedData, SignedData}},
	{"cms-310.cms", []ContentType{EnvelopedData, SignedData}},
	{"cms-311.cms", []ContentType{EnvelopedData, CompressedData, SignedData}},
	{"cms-320.cms", []ContentType{EnvelopedData, SignedData}},
	{"cms-321.cms", []ContentType{EnvelopedData, CompressedData, SignedData}},
}

func TestPackagesOfAPeer(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	fox := readFile(t, "FOX.plain")
	for _, row := range peerPackages {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			content, types, err := unwrapped(bytes.NewReader(readFile(t, row.name)), len(row.types), bob.recipient(), known(alice))
			require.NoError(t, err)
			assert.Equal(t, fox, content)
			assert.Equal(t, row.types, types)
		})
	}
}
