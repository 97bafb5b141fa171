package certstore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNormaliseThumbprint(t *testing.T) {
	t.Parallel()
	sha1 := strings.Repeat("0f", 20)
	for _, text := range []string{sha1, strings.ToUpper(sha1), " " + sha1 + " ", strings.Repeat("0F:", 19) + "0f", strings.Repeat("0f ", 20)} {
		got, err := normaliseThumbprint(text)
		require.NoError(t, err)
		assert.Equal(t, sha1, got)
	}
	for _, text := range []string{"", "0f", sha1[1:], sha1 + "0", strings.Repeat("0g", 20)} {
		_, err := normaliseThumbprint(text)
		require.Error(t, err, text)
	}
}

// A thumbprint in Configuration and a subject must both fit.
func TestThumbprintAndSubject(t *testing.T) {
	t.Parallel()
	s := Source{
		Type: StoreAuto, Store: load(t, "server.pem", "rsa.pem"), Subject: "www.server.com",
		Configuration: "Thumbprint=F0F037953435720C7EFACDAF593CDEF3CB32A633",
	}
	c, err := s.Open()
	require.NoError(t, err)
	assert.Equal(t, serverSubject, c.Subject())
	s.Subject = "rsa.server.com"
	_, err = s.Open()
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, `subject "rsa.server.com" and thumbprint f0f0`)
}
