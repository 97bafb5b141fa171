package trust

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// names are the common names of certificates.
func names(certs []*x509.Certificate) (all []string) {
	for _, c := range certs {
		all = append(all, c.Subject.CommonName)
	}
	return all
}

// fakeP7B stands for a parser of P7B: "P7B:" and a certificate.
func fakeP7B(raw []byte) ([]*x509.Certificate, error) {
	der, ok := strings.CutPrefix(string(raw), "P7B:")
	if !ok {
		return nil, errors.New("no P7B either")
	}
	return x509.ParseCertificates([]byte(der))
}

func write(t *testing.T, folder, file string, data []byte) string {
	t.Helper()
	path := filepath.Join(folder, file)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestDecode(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A").cert.Raw, newCA(t, "B").cert.Raw
	pemA, pemB := pemOf("CERTIFICATE", a), pemOf("X509 CERTIFICATE", b)
	line := base64.StdEncoding.EncodeToString(a)
	for _, c := range []struct {
		name  string
		raw   string
		want  []string
		fault string
	}{
		{"PEM", pemA, []string{"A"}, ""},
		{"several in PEM, and others", "A bundle\n" + pemA + pemOf("PRIVATE KEY", []byte{1}) + "# and B\r\n" + strings.ReplaceAll(pemB, "\n", "\r\n"), []string{"A", "B"}, ""},
		{"PEM after a byte order mark", "\uFEFF" + pemA, []string{"A"}, ""},
		{"P7B in PEM", pemA + pemOf("PKCS7", append([]byte("P7B:"), b...)), []string{"A", "B"}, ""},
		{"DER", string(a), []string{"A"}, ""},
		{"two in DER", string(a) + string(b), []string{"A", "B"}, ""},
		{"base64", line, []string{"A"}, ""},
		{"base64 in lines", "\n" + line[:64] + "\r\n " + line[64:] + "\n", []string{"A"}, ""},
		{"P7B", "P7B:" + string(a), []string{"A"}, ""},

		{"nothing", "", nil, "no certificate"},
		{"only a key", pemOf("PRIVATE KEY", []byte{1}), nil, "no certificate"},
		{"text", "Hello", nil, "no P7B either"},
		{"text that begins as base64 does", "My certificates", nil, "no P7B either"},
		{"base64 of something else", "MAAA", nil, "no P7B either"},
		{"broken P7B in PEM", pemOf("PKCS7", a), nil, "no P7B either"},
		{"broken certificate in PEM", pemOf("CERTIFICATE", a[1:]), nil, "malformed"},
		{"PEM without end", pemA + pemB[:len(pemB)-20], nil, "broken PEM"},
		{"PEM without end in the middle", pemB[:len(pemB)-40] + "\n" + pemA, nil, "broken PEM"},
		{"DER with rest", string(a) + "x", nil, "no P7B either"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			certs, err := decode([]byte(c.raw), fakeP7B)
			if c.fault != "" {
				assert.ErrorContains(t, err, c.fault)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, names(certs))
		})
	}
	_, err := decode([]byte("P7B:"), nil)
	assert.ErrorIs(t, err, errNoCertificate)
	for i := range a {
		_, err := decode(a[:i], nil)
		assert.Error(t, err, i)
	}
	for i := range len(pemA) - 1 {
		_, err := decode([]byte(pemA[:i]), nil)
		assert.Error(t, err, i)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	folder, empty, broken, stray := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	a, b := newCA(t, "A").cert.Raw, newCA(t, "B").cert.Raw
	pemA, pemB := pemOf("CERTIFICATE", a), pemOf("CERTIFICATE", b)
	file := write(t, folder, "1.pem", []byte(pemA))
	write(t, folder, "2.CRT", []byte(pemB+pemA))
	write(t, folder, "3.p7b", append([]byte("P7B:"), b...))
	write(t, folder, "README", []byte("what lies here"))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "old.pem"), 0o700))
	write(t, broken, "1.pem", []byte(pemA))
	write(t, broken, "2.pem", []byte("broken"))
	write(t, stray, "notes.txt", []byte("nothing"))
	s := newSite(t)
	s.page("/ca.pem", []byte(pemA+pemB))

	for _, c := range []struct {
		name, source string
		want         []string
		fault        string
	}{
		{"text", "\n" + pemA + pemB, []string{"A", "B"}, ""},
		{"file", file, []string{"A"}, ""},
		{"folder", folder, []string{"A", "B"}, ""},
		{"URL", s.URL + "/ca.pem", []string{"A", "B"}, ""},

		{"nothing", " ", nil, "TrustedCertsData is empty"},
		{"missing file", filepath.Join(folder, "missing.pem"), nil, "missing.pem"},
		{"broken file", filepath.Join(folder, "README"), nil, "no certificate"},
		{"broken text", pemA[:100], nil, "broken PEM"},
		{"empty folder", empty, nil, "no file with a certificate"},
		{"folder without certificates", stray, nil, "no file with a certificate"},
		{"folder with a broken file", broken, nil, "2.pem"},
		{"no file", os.DevNull, nil, ""},
		{"missing page", s.URL + "/missing", nil, "status 404"},
		{"another scheme", "ftp://user:secret@host/ca.pem", nil, "no http or https URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			certs, err := (&Importer{Parse: fakeP7B}).Import(t.Context(), c.source)
			assert.Equal(t, c.want, names(certs))
			if c.want == nil {
				failsWith(t, err, CodeImport, c.fault)
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			assert.NoError(t, err)
		})
	}
}

func TestImportKeepsTheCause(t *testing.T) {
	t.Parallel()
	_, err := (&Importer{}).Import(t.Context(), filepath.Join(t.TempDir(), "missing.pem"))
	assert.ErrorIs(t, err, os.ErrNotExist)

	folder := t.TempDir()
	write(t, folder, "a.pem", []byte(pemOf("CERTIFICATE", newCA(t, "A").cert.Raw)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = (&Importer{}).Import(ctx, folder)
	assert.ErrorIs(t, err, context.Canceled)
	failsWith(t, err, CodeImport, "")
}

func TestImportFollowsRedirectsByTheRules(t *testing.T) {
	t.Parallel()
	page := []byte(pemOf("CERTIFICATE", newCA(t, "A").cert.Raw))
	s := newSite(t)
	s.page("/ca.pem", page)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) }))
	t.Cleanup(secure.Close)
	same := s.handle("/same", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ca.pem", http.StatusFound) })
	other := s.handle("/other", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secure.URL, http.StatusFound) })
	circle := s.handle("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })

	for _, c := range []struct {
		rule  Redirects
		url   string
		fault string
	}{
		{RedirectNever, s.URL + "/ca.pem", ""},
		{RedirectNever, same, "redirects are not followed"},
		{RedirectNever, other, "redirects are not followed"},
		{RedirectAlways, same, ""},
		{RedirectAlways, other, ""},
		{RedirectAlways, circle, "more than 5 times"},
		{RedirectSameScheme, same, ""},
		{RedirectSameScheme, other, "same scheme"},
	} {
		i := &Importer{Redirects: c.rule, Client: secure.Client()}
		certs, err := i.Import(t.Context(), c.url)
		if c.fault == "" {
			assert.NoError(t, err)
			assert.Equal(t, []string{"A"}, names(certs))
			continue
		}
		failsWith(t, err, CodeImport, c.fault)
		assert.Empty(t, certs)
	}
}

func TestImportIsBounded(t *testing.T) {
	t.Parallel()
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.handle("/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := (&Importer{Timeout: 50 * time.Millisecond}).Import(t.Context(), s.URL)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		failsWith(t, err, CodeImport, "")
	})
	t.Run("a page", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.page("/", make([]byte, maxImport+1))
		_, err := (&Importer{}).Import(t.Context(), s.URL)
		failsWith(t, err, CodeImport, "longer than")
	})
	t.Run("files together", func(t *testing.T) {
		t.Parallel()
		folder, cert := t.TempDir(), newCA(t, "A").cert.Raw
		for i := range 3 {
			text := pemOf("CERTIFICATE", cert) + strings.Repeat("#", maxImport/3)
			write(t, folder, fmt.Sprint(i, ".pem"), []byte(text))
		}
		_, err := (&Importer{}).Import(t.Context(), folder)
		failsWith(t, err, CodeImport, "2.pem goes beyond the limit of 16777216 octets")
	})
	t.Run("certificates", func(t *testing.T) {
		t.Parallel()
		parse := func([]byte) (many []*x509.Certificate, _ error) {
			for i := range int64(maxCerts + 1) {
				many = append(many, &x509.Certificate{Raw: big.NewInt(i).Bytes()})
			}
			return many, nil
		}
		_, err := (&Importer{Parse: parse}).Import(t.Context(), write(t, t.TempDir(), "ca.p7b", []byte("P7B")))
		failsWith(t, err, CodeImport, "limit of 4096 certificates")
		one := func(raw []byte) ([]*x509.Certificate, error) {
			certs, _ := parse(raw)
			return slices.Repeat(certs[:maxCerts], 2), nil
		}
		certs, err := (&Importer{Parse: one}).Import(t.Context(), write(t, t.TempDir(), "ca.p7b", []byte("P7B")))
		assert.NoError(t, err, "doubles do not count")
		assert.Len(t, certs, maxCerts)
	})
}
