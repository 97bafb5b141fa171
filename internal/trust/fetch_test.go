package trust

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostileServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that do not trust it
	secure.StartTLS()
	t.Cleanup(secure.Close)

	endless := func(limit int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			part := make([]byte, 32<<10)
			for range limit/len(part) + 64 { // more than fits into buffers on the way
				if _, err := w.Write(part); err != nil {
					return
				}
			}
		}
	}
	for _, c := range []struct{ name, url, words string }{
		{"unreachable", closed.URL, "connect"},
		{"another status", s.URL + "/missing", "status 404"},
		{"garbage", s.page("/garbage", []byte("<html>Please log in</html>")), "cannot be used"},
		{"empty", s.page("/empty", nil), "cannot be used"},
		{"huge", s.handle("/huge", endless(maxCRL)), "longer than"},
		{"silent", s.handle("/silent", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server would not see the client go
			<-r.Context().Done()
		}), "deadline exceeded"},
		{"silent in the middle", s.handle("/middle", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = w.Write([]byte{0x30, 0x82})
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}), "deadline exceeded"},
		{"in a circle", s.handle("/circle", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/circle", http.StatusTemporaryRedirect)
		}), "more than 5 times"},
		{"redirect to https", s.handle("/https", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, secure.URL, http.StatusFound)
		}), "same scheme"},
		{"redirect to a host that is not allowed", s.handle("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost/", http.StatusFound)
		}), `"localhost" may not be asked`},
		{"host that is not allowed", "http://localhost/", `"localhost" may not be asked`},
		{"unknown authority", secure.URL, "certificate"},
		{"no host", "http:///crl", "no http or https URL"},
		{"no URL", "http://user:secret@[", "the URL cannot be read"},
		{"too long a URL", "http://localhost/" + strings.Repeat("x", maxURL), "names none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &Checker{Now: newClock().now, Allow: func(host string) bool { return host != "localhost" }}
			if strings.HasPrefix(c.name, "silent") {
				k.Timeout = 100 * time.Millisecond
			}
			ca := newCA(t, "CA")
			cert := ca.issue(t, nil).cert
			// What x509 would not put into a certificate may come in one all the same.
			cert.CRLDistributionPoints, cert.OCSPServer = []string{c.url}, []string{c.url}
			for _, check := range []check{k.CheckCRL, k.CheckOCSP} {
				err := check(t.Context(), cert, ca.cert, Required)
				failsWith(t, err, 275, c.words)
				assert.NotContains(t, err.Error(), "secret")
				assert.NoError(t, check(t.Context(), cert, ca.cert, BestEffort))
			}
		})
	}
}

func TestRedirectsOfTheSameSchemeAreFollowed(t *testing.T) {
	t.Parallel()
	s, ca := newSite(t), newCA(t, "CA")
	cert := ca.issue(t, also(crlAt(s.URL+"/old"), ocspAt(s.URL+"/old"))).cert
	s.handle("/old", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/new", http.StatusPermanentRedirect)
	})
	s.handle("GET /new", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(ca.crl(t, nil)) })
	s.handle("POST /new", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NotEmpty(t, body, "the question goes along")
		_, _ = w.Write(ca.ocsp(t, ca, cert, nil))
	})
	k := &Checker{Now: newClock().now}
	assert.NoError(t, k.CheckCRL(t.Context(), cert, ca.cert, Required))
	assert.NoError(t, k.CheckOCSP(t.Context(), cert, ca.cert, Required))
}

type (
	check     = func(ctx context.Context, cert, issuer *x509.Certificate, mode Mode) error
	transport func(*http.Request) (*http.Response, error)
)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestASilentHostLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ca := newCA(t, "CA")
		var underWay sync.WaitGroup
		client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			underWay.Add(1)
			defer underWay.Done()
			if strings.HasPrefix(r.URL.Host, "silent") {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(ca.crl(t, nil)))}, nil
		})}
		k := &Checker{Now: newClock().now, Client: client}
		begin := time.Now()
		two := ca.issue(t, crlAt("http://silent.test/", "http://talks.test/")).cert
		assert.NoError(t, k.CheckCRL(t.Context(), two, ca.cert, Required))
		assert.Equal(t, maxTime/2, time.Since(begin))

		begin = time.Now()
		many := ca.issue(t, crlAt("http://silent2.test/", "http://silent3.test/", "http://silent4.test/", "http://silent5.test/", "http://talks.test/")).cert
		failsWith(t, k.CheckCRL(t.Context(), many, ca.cert, Required), 275, "deadline exceeded")
		assert.Equal(t, maxTime, time.Since(begin), "all of them, and no fifth")
		underWay.Wait() // requests go on after those who asked have gone
	})
}

func TestManyCallersOneRequest(t *testing.T) {
	t.Parallel()
	s, ca := newSite(t), newCA(t, "CA")
	s.page("/crl", ca.crl(t, nil))
	cert := ca.issue(t, also(crlAt(s.URL+"/crl"), ocspAt(s.URL+"/ocsp"))).cert
	s.page("/ocsp", ca.ocsp(t, ca, cert, nil))
	k := &Checker{Now: newClock().now}
	var callers sync.WaitGroup
	for range 40 {
		callers.Go(func() { assert.NoError(t, k.CheckCRL(t.Context(), cert, ca.cert, Required)) })
		callers.Go(func() { assert.NoError(t, k.CheckOCSP(t.Context(), cert, ca.cert, Required)) })
	}
	callers.Wait()
	assert.EqualValues(t, 2, s.requests.Load())
}

func TestWebURLs(t *testing.T) {
	t.Parallel()
	assert.Empty(t, webURLs([]string{"", "ldap://ca/", "file:///etc/passwd", "/crl", "gopher://ca/"}))
	assert.Equal(t, []string{"HTTP://a", "https://b", "http://c", "http://d"},
		webURLs([]string{"ldap://ca/", "HTTP://a", "https://b", "http://c", "http://d", "http://e"}))
}

func TestRedirectRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule     Redirects
		from, to string
		words    string
	}{
		{RedirectNever, "http://a/", "http://b/", "FollowRedirects"},
		{RedirectAlways, "http://a/", "https://b/", ""},
		{RedirectAlways, "https://a/", "http://b/", ""},
		{RedirectAlways, "https://a/", "file:///etc/passwd", "no http or https"},
		{RedirectSameScheme, "https://a/", "https://b/", ""},
		{RedirectSameScheme, "https://a/", "http://b/", "same scheme"},
		{RedirectSameScheme, "http://a/", "https://user:secret@b/", "same scheme"},
	} {
		from, err := url.Parse(c.from)
		require.NoError(t, err)
		to, err := url.Parse(c.to)
		require.NoError(t, err)
		err = fetcher{redirects: c.rule}.redirect(&http.Request{URL: to}, []*http.Request{{URL: from}})
		if c.words == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, c.words)
		assert.NotContains(t, err.Error(), "secret")
	}
}
