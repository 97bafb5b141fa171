package pbe

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rows of RFC 2268, section 5, whose effective key length is that of the key.
func TestRC2(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ key, plain, cipher string }{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		block, err := newRC2(unhex(t, row.key))
		require.NoError(t, err)
		out := make([]byte, 8)
		block.Encrypt(out, unhex(t, row.plain))
		assert.Equal(t, unhex(t, row.cipher), out)
		block.Decrypt(out, out)
		assert.Equal(t, unhex(t, row.plain), out)
	}
}
