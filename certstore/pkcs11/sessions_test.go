//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/ediport/ediport/certstore"
	p11 "github.com/miekg/pkcs11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A faulty module fails when it is told to, and counts the sessions.
type faulty struct {
	cryptoki

	mu    sync.Mutex // protects following
	fails []fault    // to come, in this order
	calls []string
	open  int
	most  int
}

// A fault is the error of the next call of a function.
type fault struct {
	function string
	err      p11.Error
}

func (f *faulty) next(function string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, function)
	if len(f.fails) == 0 || f.fails[0].function != function {
		return nil
	}
	err := f.fails[0].err
	f.fails = f.fails[1:]
	return err
}

func (f *faulty) count(function string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if call == function {
			n++
		}
	}
	return n
}

func (f *faulty) OpenSession(slot, flags uint) (p11.SessionHandle, error) {
	if err := f.next("OpenSession"); err != nil {
		return 0, err
	}
	f.mu.Lock()
	f.open++
	f.most = max(f.most, f.open)
	f.mu.Unlock()
	return f.cryptoki.OpenSession(slot, flags)
}

func (f *faulty) CloseSession(s p11.SessionHandle) error {
	f.mu.Lock()
	f.open--
	f.mu.Unlock()
	return f.cryptoki.CloseSession(s)
}

func (f *faulty) Initialize(options ...p11.InitializeOption) error {
	return errors.Join(f.next("Initialize"), f.cryptoki.Initialize(options...))
}

func (f *faulty) GetSlotList(present bool) ([]uint, error) {
	slots, err := f.cryptoki.GetSlotList(present)
	return slots, errors.Join(f.next("GetSlotList"), err)
}

func (f *faulty) GetTokenInfo(slot uint) (p11.TokenInfo, error) {
	if err := f.next("GetTokenInfo"); err != nil {
		return p11.TokenInfo{}, err
	}
	return f.cryptoki.GetTokenInfo(slot)
}

func (f *faulty) Login(s p11.SessionHandle, user uint, pin string) error {
	if err := f.next("Login"); err != nil {
		return err
	}
	return f.cryptoki.Login(s, user, pin)
}

func (f *faulty) FindObjectsInit(s p11.SessionHandle, template []*p11.Attribute) error {
	if err := f.next("FindObjectsInit"); err != nil {
		return err
	}
	return f.cryptoki.FindObjectsInit(s, template)
}

func (f *faulty) FindObjects(s p11.SessionHandle, most int) ([]p11.ObjectHandle, bool, error) {
	if err := f.next("FindObjects"); err != nil {
		return nil, false, err
	}
	return f.cryptoki.FindObjects(s, most)
}

func (f *faulty) GetAttributeValue(s p11.SessionHandle, o p11.ObjectHandle, a []*p11.Attribute) ([]*p11.Attribute, error) {
	if err := f.next("GetAttributeValue"); err != nil {
		return nil, err
	}
	return f.cryptoki.GetAttributeValue(s, o, a)
}

func (f *faulty) SignInit(s p11.SessionHandle, m []*p11.Mechanism, o p11.ObjectHandle) error {
	if err := f.next("SignInit"); err != nil {
		return err
	}
	return f.cryptoki.SignInit(s, m, o)
}

// newFaulty makes a module with one token that has an ECDSA key.
func newFaulty(t *testing.T) (*faulty, store) {
	t.Helper()
	h := newHSM(t, "only")
	h.importKey("only", "01", keyOf(t, "p256"))
	h.start()
	modules.Lock()
	defer modules.Unlock()
	m := modules.of[h.module]
	f := &faulty{cryptoki: m.functions}
	m.functions = f
	return f, store{module: h.module}
}

func (f *faulty) fail(faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails, f.calls = faults, nil
}

// openKey returns the only key of a store.
func openKey(t *testing.T, st store) crypto.Signer {
	t.Helper()
	c, err := st.open(userPIN)
	require.NoError(t, err)
	require.Len(t, c.Keys, 1)
	return c.Keys[0]
}

func sign(key crypto.Signer) error {
	digest := digestOf(crypto.SHA256)
	signature, err := key.Sign(nil, digest, crypto.SHA256)
	if err == nil && !ecdsa.VerifyASN1(key.Public().(*ecdsa.PublicKey), digest, signature) {
		return errors.New("the signature is wrong")
	}
	return err
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	key := openKey(t, st)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 10 {
				assert.NoError(t, sign(key))
			}
		})
		wg.Go(func() {
			_, err := st.open(userPIN)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, f.most, mostSessions)
	assert.Equal(t, 1, f.count("Login"), "all share a login")
}

// Whatever happens to the session, the key works again, at the latest when it
// is used next.
func TestLostSessions(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	key := openKey(t, st)
	for name, row := range map[string]struct {
		fails []fault
		want  string // of the first use
	}{
		"lost session":          {[]fault{{"SignInit", p11.CKR_SESSION_HANDLE_INVALID}}, ""},
		"lost login":            {[]fault{{"SignInit", p11.CKR_USER_NOT_LOGGED_IN}}, ""},
		"left over operation":   {[]fault{{"SignInit", p11.CKR_OPERATION_ACTIVE}}, ""},
		"other object number":   {[]fault{{"SignInit", p11.CKR_KEY_HANDLE_INVALID}}, ""},
		"pulled and back":       {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}}, ""},
		"pulled, new session":   {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"OpenSession", p11.CKR_TOKEN_NOT_PRESENT}}, "the token was pulled"},
		"lost twice":            {[]fault{{"SignInit", p11.CKR_SESSION_CLOSED}, {"SignInit", p11.CKR_SESSION_CLOSED}}, "CKR_SESSION_CLOSED"},
		"search fails":          {[]fault{{"SignInit", p11.CKR_DEVICE_ERROR}, {"FindObjects", p11.CKR_DEVICE_ERROR}}, "CKR_DEVICE_ERROR"},
		"search does not begin": {[]fault{{"SignInit", p11.CKR_KEY_HANDLE_INVALID}, {"FindObjectsInit", p11.CKR_HOST_MEMORY}}, "CKR_HOST_MEMORY"},
		"object unreadable":     {[]fault{{"SignInit", p11.CKR_KEY_HANDLE_INVALID}, {"GetAttributeValue", p11.CKR_HOST_MEMORY}}, "CKR_HOST_MEMORY"},
		"module broken":         {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"Initialize", p11.CKR_CANT_LOCK}}, "initialising the PKCS #11 module"},
		"no slots":              {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"GetSlotList", p11.CKR_HOST_MEMORY}}, "listing the slots"},
		"no token": {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"GetTokenInfo", p11.CKR_TOKEN_NOT_PRESENT}},
			"is not there any more: is it plugged in?"},
		"PIN locked":         {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"Login", p11.CKR_PIN_LOCKED}}, "the security officer of the token"},
		"mechanism":          {[]fault{{"SignInit", p11.CKR_MECHANISM_INVALID}}, "the token cannot do that"},
		"logged in by other": {[]fault{{"SignInit", p11.CKR_DEVICE_REMOVED}, {"Login", p11.CKR_USER_ALREADY_LOGGED_IN}, {"SignInit", p11.CKR_USER_NOT_LOGGED_IN}}, "CKR_USER_NOT_LOGGED_IN"},
	} {
		f.fail(row.fails...)
		err := sign(key)
		if row.want == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, row.want, name)
			assert.Equal(t, 273, code(err), name)
			require.NoError(t, sign(key), name)
		}
		assert.Empty(t, f.fails, name)
	}
	assert.LessOrEqual(t, f.most, 2*mostSessions, "sessions that are left behind are closed")
}

// Another user of the module in this process may end it for all.
func TestModuleFinalisedByAnother(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	key := openKey(t, st)
	require.NoError(t, sign(key))

	environment.Lock() // the module reads its configuration again
	defer environment.Unlock()
	require.NoError(t, os.Setenv("SOFTHSM2_CONF", configOf(st)))
	require.NoError(t, f.cryptoki.(*p11.Ctx).Finalize())
	require.NoError(t, sign(key))
}

// A token that has refused the PIN is not asked again by keys, but when a store
// is opened.
func TestPINIsNotShownAgain(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	key := openKey(t, st)
	f.fail(fault{"SignInit", p11.CKR_DEVICE_REMOVED}, fault{"Login", p11.CKR_PIN_INCORRECT})
	require.ErrorIs(t, sign(key), certstore.ErrPassword)
	for range 3 {
		require.ErrorContains(t, sign(key), "is not tried again until the store is opened again")
	}
	assert.Equal(t, 1, f.count("Login"))
	_, err := st.open("999999")
	require.ErrorIs(t, err, certstore.ErrPassword, "a wrong one does not help")
	require.ErrorIs(t, sign(key), certstore.ErrPassword)
	openKey(t, st)
	require.NoError(t, sign(key))
}

// A key that wants the PIN each time could lock the token by itself.
func TestPINOfEachUseIsNotShownAgain(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	configured := hsm{t, st.module, configOf(st)}
	configured.tool("only", "--keypairgen", "--key-type", "EC:secp384r1", "--id", "02", "--always-auth")
	c, err := certstore.Open(certstore.StorePKCS11, configured.uri("id=%02"), userPIN, "")
	require.NoError(t, err)
	key := c.Signer()
	require.NoError(t, sign(key))
	f.fail(fault{"Login", p11.CKR_PIN_INCORRECT})
	require.ErrorIs(t, sign(key), certstore.ErrPassword)
	require.ErrorContains(t, sign(key), "is not tried again until the store is opened again")
	assert.Equal(t, 1, f.count("Login"))
	openAgain, err := certstore.Open(certstore.StorePKCS11, configured.uri("id=%02"), userPIN, "")
	require.NoError(t, err)
	require.NoError(t, sign(openAgain.Signer()))
}

// The PIN cannot be checked while somebody else is logged in: the first is
// believed, another one is not.
func TestUserAlreadyLoggedIn(t *testing.T) {
	t.Parallel()
	f, st := newFaulty(t)
	m, err := loadModule(st.module)
	require.NoError(t, err)
	all, err := m.present()
	require.NoError(t, err)
	other, err := f.cryptoki.OpenSession(all[0].slot, p11.CKF_SERIAL_SESSION)
	require.NoError(t, err)
	require.NoError(t, f.cryptoki.Login(other, p11.CKU_USER, userPIN))

	require.NoError(t, sign(openKey(t, st)))
	_, err = st.open("999999")
	require.ErrorIs(t, err, certstore.ErrPassword)
}

func TestKeyThatWasDeleted(t *testing.T) {
	t.Parallel()
	h := newHSM(t, "only")
	h.importKey("only", "01", keyOf(t, "p256"))
	h.importKey("only", "02", keyOf(t, "p384"))
	h.start()
	c, err := store{module: h.module}.open(userPIN)
	require.NoError(t, err)
	i := slices.IndexFunc(c.Keys, func(k crypto.Signer) bool { return k.Public().(*ecdsa.PublicKey).Params().BitSize == 256 })
	require.NoError(t, sign(c.Keys[i]))
	h.tool("only", "--delete-object", "--type", "privkey", "--id", "01")
	require.ErrorContains(t, sign(c.Keys[i]), "the key is not on the token any more")
	require.NoError(t, sign(c.Keys[1-i]), "the others are not touched")
}

// A module with one session has one goroutine at a time.
func TestTokenWithFewSessions(t *testing.T) {
	t.Parallel()
	for most, want := range map[uint]int{
		p11.CK_EFFECTIVELY_INFINITE: mostSessions, p11.CK_UNAVAILABLE_INFORMATION: mostSessions, 1: 1, 100: mostSessions,
	} {
		place := presence{TokenInfo: p11.TokenInfo{MaxSessionCount: most}}
		assert.Equal(t, want, cap(newToken(nil, place).room), most)
	}
}
