package certstore

import (
	"crypto"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"github.com/ediport/ediport/internal/devicekey"
	"github.com/ediport/ediport/internal/trap"
	"golang.org/x/sys/windows"
)

// systemKey is the private key of a certificate in a store of Windows, as a
// [devicekey.Device]. It holds the certificate's context, which caches the
// handle of the key and frees it.
type systemKey struct {
	mu      sync.Mutex // one operation at a time: not all providers stand more
	context *windows.CertContext
}

func newSystemKey(context *windows.CertContext, public crypto.PublicKey) (crypto.Signer, error) {
	k := &systemKey{context: windows.CertDuplicateCertificateContext(context)}
	runtime.AddCleanup(k, func(c *windows.CertContext) { _ = windows.CertFreeCertificateContext(c) }, k.context)
	return devicekey.New(public, k)
}

// Sign is NCryptSignHash.
func (k *systemKey) Sign(op devicekey.Operation, digest []byte) ([]byte, error) {
	pad, err := paddingOf(op)
	if err != nil {
		return nil, err
	}
	signature, err := k.fill(func(key windows.Handle, out []byte, size *uint32) uintptr {
		status, _, _ := ncryptSignHash.Call(uintptr(key), uintptr(pad.info),
			uintptr(unsafe.Pointer(unsafe.SliceData(digest))), uintptr(len(digest)),
			uintptr(unsafe.Pointer(unsafe.SliceData(out))), uintptr(len(out)),
			uintptr(unsafe.Pointer(size)), pad.flag|ncryptSilent)
		return status
	})
	if err != nil {
		return nil, trap.New(trap.CodeCredentials, "signing with %v with a key of Windows: %w", op, err)
	}
	return signature, nil
}

// Decrypt is NCryptDecrypt.
func (k *systemKey) Decrypt(op devicekey.Operation, ciphertext []byte) ([]byte, error) {
	pad, err := paddingOf(op)
	if err != nil {
		return nil, err
	}
	plain, err := k.fill(func(key windows.Handle, out []byte, size *uint32) uintptr {
		status, _, _ := ncryptDecrypt.Call(uintptr(key),
			uintptr(unsafe.Pointer(unsafe.SliceData(ciphertext))), uintptr(len(ciphertext)), uintptr(pad.info),
			uintptr(unsafe.Pointer(unsafe.SliceData(out))), uintptr(len(out)),
			uintptr(unsafe.Pointer(size)), pad.flag|ncryptSilent)
		return status
	})
	if err != nil {
		return nil, trap.New(trap.CodeDecryption, "decrypting with %v with a key of Windows: %w", op, err)
	}
	return plain, nil
}

var (
	ncrypt           = windows.NewLazySystemDLL("ncrypt.dll")
	ncryptSignHash   = ncrypt.NewProc("NCryptSignHash")
	ncryptDecrypt    = ncrypt.NewProc("NCryptDecrypt")
	ncryptFreeObject = ncrypt.NewProc("NCryptFreeObject")
)

// ncryptSilent is NCRYPT_SILENT_FLAG: a server has nobody who could answer a dialog.
const ncryptSilent = 0x40

// fill gives compute the handle of the key and room for the result of the
// largest RSA key, 16,384 bits. Compute returns a status and sets size.
func (k *systemKey) fill(compute func(key windows.Handle, out []byte, size *uint32) uintptr) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer runtime.KeepAlive(k)
	var (
		key  windows.Handle
		spec uint32
		ours bool // to free, where the context cannot cache
	)
	const flags = windows.CRYPT_ACQUIRE_CACHE_FLAG | windows.CRYPT_ACQUIRE_ONLY_NCRYPT_KEY_FLAG | windows.CRYPT_ACQUIRE_SILENT_FLAG
	if err := windows.CryptAcquireCertificatePrivateKey(k.context, flags, nil, &key, &spec, &ours); err != nil {
		return nil, fmt.Errorf("acquiring it; has this user the right to? %w", err)
	}
	if ours {
		defer ncryptFreeObject.Call(uintptr(key))
	}
	out, size := make([]byte, 2048), uint32(0)
	if status := compute(key, out, &size); status != 0 {
		return nil, syscall.Errno(uint32(status))
	}
	return out[:min(int(size), len(out))], nil
}

// padding is the pPaddingInfo of an operation, and the flag that goes with it.
type padding struct {
	info unsafe.Pointer
	flag uintptr
}

// The structures of bcrypt.h.
type (
	pkcs1Padding struct{ algorithm *uint16 }
	pssPadding   struct {
		algorithm *uint16
		salt      uint32
	}
	oaepPadding struct {
		algorithm   *uint16
		label       *byte
		labelLength uint32
	}
)

// algorithms are the names of hashes in bcrypt.h. There is none for SHA-224.
var algorithms = map[crypto.Hash]string{
	crypto.SHA1: "SHA1", crypto.SHA256: "SHA256", crypto.SHA384: "SHA384", crypto.SHA512: "SHA512",
}

func paddingOf(op devicekey.Operation) (padding, error) {
	const padPKCS1, padOAEP, padPSS = 2, 4, 8
	var algorithm *uint16 // none means that the digest gets no prefix
	if op.Hash != 0 && op.Hash != crypto.MD5SHA1 {
		name, ok := algorithms[op.Hash]
		if !ok || op.MGFHash != 0 && op.MGFHash != op.Hash {
			return padding{}, fmt.Errorf("%v and %v for its mask is not supported by Windows", op, op.MGFHash)
		}
		algorithm = windows.StringToUTF16Ptr(name)
	}
	switch op.Scheme {
	case devicekey.PKCS1v15:
		return padding{unsafe.Pointer(&pkcs1Padding{algorithm}), padPKCS1}, nil
	case devicekey.PSS:
		return padding{unsafe.Pointer(&pssPadding{algorithm, uint32(op.SaltLength)}), padPSS}, nil
	case devicekey.OAEP:
		return padding{unsafe.Pointer(&oaepPadding{algorithm, unsafe.SliceData(op.Label), uint32(len(op.Label))}), padOAEP}, nil
	case devicekey.ECDSA:
		return padding{}, nil
	}
	return padding{}, fmt.Errorf("%v is not supported by Windows", op)
}
