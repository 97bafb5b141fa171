package certstore

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnwrap(t *testing.T) {
	t.Parallel()
	der := "\x30\x03\x02\x01\x03\xff"
	text := base64.StdEncoding.EncodeToString([]byte(der))
	for _, row := range []struct{ give, want string }{
		{der, der},
		{text, der},
		{text[:4] + "\r\n " + text[4:] + "\n", der},
		{base64.RawStdEncoding.EncodeToString([]byte(der[:5])), der[:5]},
		{"-----BEGIN X-----", "-----BEGIN X-----"},
		{"not Base64!", "not Base64!"},
		{"", ""},
		{" \n", " \n"},
	} {
		assert.Equal(t, row.want, string(unwrap([]byte(row.give))), "%q", row.give)
	}
}

// Only what cannot be a secret is named in errors.
func TestLooksLikeName(t *testing.T) {
	t.Parallel()
	for store, want := range map[string]bool{
		"server.pem":                  true,
		"/etc/ediport/server-key.pem": true,
		`C:\keys\server.pfx`:          true,
		"MIGHAgEAMBMG/yqGSM49":        false,
		"a.pem\nb":                    false,
		"-----BEGIN PRIVATE KEY-----": false,
		`{"kty":"EC"}`:                false,
		"<D>x.y</D>":                  false,
		"\x30\x82.":                   false,
		"":                            false,
	} {
		assert.Equal(t, want, looksLikeName(store), "%q", store)
	}
}
