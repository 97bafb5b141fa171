package pkcs11

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseStore(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]store{
		"/usr/lib/module.so":                   {module: "/usr/lib/module.so"},
		`C:\Program Files\Device\pkcs11.dll`:   {module: `C:\Program Files\Device\pkcs11.dll`},
		"module.so":                            {module: "module.so"},
		"pkcs11:?module-path=/usr/lib/m.so":    {module: "/usr/lib/m.so"},
		"PKCS11:?module-path=C%3A%5Cdev+1.dll": {module: `C:\dev+1.dll`},
		"pkcs11:token=The%20Token;serial=4711;model=M;manufacturer=Some%20Body;object=a%3Bb;id=%00%ff;type=private?module-path=/m.so": {
			module: "/m.so",
			token:  identity{"The Token", "Some Body", "M", "4711"},
			object: naming{"a;b", "\x00\xff", "private"},
		},
	} {
		got, err := parseStore(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestParseStoreRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pkcs11:":                                      "add ?module-path=",
		"pkcs11:token=t":                               "add ?module-path=",
		"pkcs11:token=t?":                              "add ?module-path=",
		"pkcs11:slot-id=1?module-path=/m":              `has the attribute "slot-id", which is not supported`,
		"pkcs11:?module-name=softhsm2":                 `has the attribute "module-name", which is not supported`,
		"pkcs11:?module-path=/m&pin-value=4711":        "has pin-value: give the PIN as the password instead",
		"pkcs11:?module-path=/m&pin-source=file:/x":    "has pin-source: give the PIN as the password instead",
		"pkcs11:pin-value=4711?module-path=/m":         "has pin-value: give the PIN as the password instead",
		"pkcs11:token=a;token=b?module-path=/m":        "has token twice",
		"pkcs11:token=%zz?module-path=/m":              "no proper value for token",
		"pkcs11:token=a%00?module-path=/m":             "no proper value for token",
		"pkcs11:token?module-path=/m":                  "no proper value for token",
		"pkcs11:token=a;?module-path=/m":               `has the attribute "", which is not supported`,
		"pkcs11:type=data?module-path=/m":              "has type=data: cert, private and public are supported",
		"/usr/lib/module.so\x00.txt":                   "has a zero octet",
		"/" + strings.Repeat("a", longest):             "has 4097 octets",
		"pkcs11:" + strings.Repeat("x", 2000) + "?m=/": `has the attribute "xxxxxxxxxx`,
	} {
		_, err := parseStore(text)
		require.ErrorContains(t, err, want, text)
		assert.Less(t, len(err.Error()), 200)
		assert.NotContains(t, err.Error(), "4711")
	}
}

func FuzzParseStore(f *testing.F) {
	for _, seed := range []string{
		"", "/usr/lib/module.so", "pkcs11:", "pkcs11:token=a%20b;id=%01;type=cert?module-path=/m.so&pin-value=1",
		"PKCS11:;;==%?&&", "pkcs11:token=%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseStore(text)
		if err != nil {
			assert.Equal(t, store{}, s)
			return
		}
		assert.NotContains(t, s.module, "\x00")
	})
}
