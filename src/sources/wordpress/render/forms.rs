//! Blocks that show a form, of which neither labels nor buttons are of use outside the site.

/// Blocks of WordPress itself and of known plugins.
const FORM_BLOCKS: &str = "search loginout post-comments-form comments-form form jetpack/contact-form \
    jetpack/subscriptions jetpack/mailchimp contact-form-7/contact-form-selector \
    wpforms/form-selector gravityforms/form ninja-forms/form mailchimp-for-wp/form mailpoet/subscription-form-block \
    formidable/simple-form fluentfom/guten-block fluentform/form forminator/forms happyforms/form kadence/form \
    kadence/advanced-form coblocks/form uagb/forms stackable/form everest-forms/form-selector sureforms/form srfm/form \
    convertkit/form leadin/hubspot-form-block hubspot/form tnp/minimal newsletter/form";

/// Returns `true` if a block shows a form.
pub(in crate::sources::wordpress) fn is_form(name: &str) -> bool {
    FORM_BLOCKS.split_whitespace().any(|known| known == name)
}
